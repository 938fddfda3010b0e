import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { ConfigError, FLAGS, parseConfig } from "../src/config.ts";
import { formatFault } from "../src/config/format.ts";
import { check } from "../src/schema/check.ts";
import { ConfigSchema } from "../src/config/schema.ts";
import { isObject } from "../src/json.ts";
import { generatedFiles } from "../tools/generate.ts";
import { ChartValuesSchema } from "../tools/generate/chart-values.ts";
import { fieldRows } from "../tools/generate/rows.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFile(join(ROOT, path), "utf8");
const configuration = await read("docs/configuration.md");
const chartReadme = await read("charts/pratique/README.md");

/** The paths in the first column of a page's tables of fields. */
function documented(page: string): readonly string[] {
  return page.split("\n").flatMap((line) => /^\| `([A-Za-z0-9.[\]]+)` \| .* \| .* \| .+ \|$/.exec(line)?.[1] ?? []);
}

/** The paths of what a document holds; lists and empty maps are leaves. */
function leaves(value: unknown, prefix = ""): readonly string[] {
  if (Array.isArray(value) && isObject(value[0])) return [prefix, ...leaves(value[0], `${prefix}[]`)];
  if (!isObject(value) || (prefix !== "" && Object.keys(value).length === 0)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, prefix === "" ? key : `${prefix}.${key}`));
}

function blocks(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, found, text]) => (found === language && text !== undefined ? [text] : []));
}

t.test("what is generated is what is committed (npm run generate)", async (t) => {
  for (const [path, content] of await generatedFiles()) t.equal(await read(path), content, path);
});

t.test("every field of the configuration is documented, and nothing else is", async (t) => {
  const { namespaces, ...filled } = check(ConfigSchema, { namespaces: {}, registries: [] }, { formatFault }).value as Record<string, unknown>;
  const registry = leaves(check(ConfigSchema.properties.registries.items, { host: "a.b", mirrors: [{ location: "c.d" }] }, { formatFault }).value).map((path) => `registries[].${path}`);
  const expected = [...leaves(filled).filter((path) => path !== "registries"), "namespaces", ...registry];
  t.same(documented(configuration).toSorted(), expected.toSorted());
  t.same(namespaces, {});
  const flags = [...configuration.matchAll(/`--([a-z-]+)`/g)].map(([, flag]) => flag);
  t.same(flags, Object.keys(FLAGS));
});

t.test("the examples of the page are true", async (t) => {
  const [example, ...others] = blocks(configuration, "yaml");
  t.same(others, []);
  t.equal(parseConfig(example ?? "", "the example").privateAddresses, "configured");
  const values = check(ChartValuesSchema, parse(blocks(chartReadme, "yaml")[0] ?? "-"), { formatFault });
  t.same(values.problems, []);
  t.match((values.value as { readonly config: unknown }).config, { registries: [{ maxInFlight: 32 }] });
  const faulty = "lisen: x\ndefaults: { enforce: sined }\nregistries: [{ host: a.b }, { host: c.d, dockerConfigFile: x, repositories: [] }]";
  t.throws(() => parseConfig(faulty, "pratique.yaml"), { constructor: ConfigError, message: blocks(configuration, "")[0]?.trimEnd() ?? "" });
});

t.test("values.yaml holds every value with the schema's default", async (t) => {
  const { global, config, ...defaults } = check(ChartValuesSchema, {}, { formatFault }).value as Record<string, unknown>;
  t.same(parse(await read("charts/pratique/values.yaml")), { ...defaults, config: {} });
  t.same(config, check(ConfigSchema, {}, { formatFault }).value);
  t.same(global, {});
});

t.test("every value of the chart is documented and read by a template, and no other is", async (t) => {
  const paths = fieldRows(ChartValuesSchema).map(({ path }) => path).filter((path) => !path.startsWith("config.") && path !== "global");
  t.same(documented(chartReadme), paths);
  const folder = join(ROOT, "charts/pratique/templates");
  const templates = (await Promise.all((await readdir(folder, { recursive: true })).filter((file) => /\.\w+$/.test(file)).map((file) => readFile(join(folder, file), "utf8")))).join("\n");
  for (const path of paths.filter((path) => !path.includes("[]"))) t.ok(templates.includes(`.${path.split(".").at(-1)}`), `${path} is read`);
  const known = new Set(["config", ...paths.flatMap((path) => path.split(".").map((_, index, steps) => steps.slice(0, index + 1).join(".")))]);
  for (const [, path] of templates.matchAll(/\.Values\.([A-Za-z.]+)/g)) {
    t.ok(path !== undefined && (known.has(path) || path.startsWith("config.")), `.Values.${path} is a value`);
  }
});

t.test("the schema refuses values and fields that nobody reads", async (t) => {
  const schema = JSON.parse(await read("charts/pratique/values.schema.json")) as unknown;
  const open: string[] = [];
  visit(schema, "values", (node, path) => {
    if (isObject(node["properties"]) && Object.keys(node["properties"]).length > 0 && node["additionalProperties"] !== false) open.push(path);
  });
  t.same(open, []);
});

function visit(node: unknown, path: string, look: (node: Readonly<Record<string, unknown>>, path: string) => void): void {
  if (!isObject(node)) return;
  look(node, path);
  for (const [key, inner] of Object.entries(node)) visit(inner, `${path}/${key}`, look);
}

t.test("the chart installs the version that the package has", async (t) => {
  const { version } = JSON.parse(await read("package.json")) as { version: string };
  t.match(parse(await read("charts/pratique/Chart.yaml")), { version, appVersion: version });
});
