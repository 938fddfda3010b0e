// What the pages name is there: files and headings, commands and their options, labels, metrics, values of the chart.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { pratique } from "./helpers/command.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "charts/pratique/README.md", "e2e/README.md", ...pagesIn("docs"), ...pagesIn("deploy")];

function pagesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Text between fences, of blocks that are for a shell: those without a language, and those of a session. */
function shellBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^ *```(?:sh|shell|bash|console)?\n([\s\S]*?)^ *```$/gm)].map(([, text = ""]) => text.replaceAll("\\\n", " "));
}

/** The anchors that GitHub gives to the headings of a page. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(headings.map((heading) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
}

t.test("every link of a page leads to a file, and to a heading of it", async (t) => {
  for (const page of PAGES) {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      t.ok(existsSync(join(ROOT, file)), `${page}: ${target}`);
      if (anchor !== undefined && file.endsWith(".md") && existsSync(join(ROOT, file))) t.ok(anchors(read(file)).has(anchor), `${page}: ${target} is a heading`);
    }
  }
});

interface CommandLine {
  readonly command: string;
  readonly options: readonly string[];
}

/** The calls of the program in the shell blocks of a page: at the start of a line, in a pipe, or after what runs it. */
function commandLines(markdown: string): readonly CommandLine[] {
  const lines = shellBlocks(markdown).flatMap((block) => block.split("\n").map((line) => line.replace(/\s#\s.*$/, "")));
  const calls = lines.flatMap((line) => Array.from(line.matchAll(/(?:^|[$|;(] ?|&& |pratique -- |exec \S+ (?:-n \S+ )?-- )pratique ((?!-- )[^|;)>]*)/g)));
  return calls.flatMap(([, call = ""]) => {
    const [command = "", ...words] = call.trim().split(/\s+/);
    const options = words.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*$/, ""));
    return /^[a-z]/.test(command) ? [{ command, options }] : [];
  });
}

async function help(command: readonly string[]): Promise<string> {
  const { out } = await pratique([...command, "--help"]);
  return out;
}

t.test("every command line of a page is one that the program understands", async (t) => {
  const overview = await help([]);
  for (const page of PAGES) {
    for (const { command, options } of commandLines(read(page))) {
      t.match(overview, new RegExp(`^  ${command} `, "m"), `${page}: pratique ${command}`);
      const text = await help([command]);
      for (const option of options) t.match(text, new RegExp(`(?:^|[\\s,[|])${option}(?![a-zA-Z-])`, "m"), `${page}: pratique ${command} ${option}`);
    }
  }
});

t.test("every metric of a page is described", async (t) => {
  const described = new Set([...read("docs/metrics.md").matchAll(/^\| `(pratique_\w+)` \|/gm)].map(([, name = ""]) => name));
  t.ok(described.size > 15);
  for (const page of PAGES) {
    for (const [name] of read(page).matchAll(/\bpratique_[a-z]\w+/g)) {
      t.ok(described.has(name) || described.has(name.replace(/_(?:bucket|sum|count)$/, "")), `${page}: ${name}`);
    }
  }
});

t.test("every label of a page is one that we read", async (t) => {
  const known = new Set(["enforce", "warn", "audit", "index", "require-digest", "on-outage", "v1alpha1"]);
  for (const page of PAGES.filter((page) => !page.startsWith("docs/adr/"))) {
    for (const [, name = ""] of read(page).matchAll(/(?<![.\w])pratique\.dev\/([a-z0-9]+(?:-[a-z0-9]+)*)/g)) t.ok(known.has(name), `${page}: pratique.dev/${name}`);
  }
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

t.test("every value that a page sets is one of the chart", async (t) => {
  const schema = JSON.parse(read("charts/pratique/values.schema.json")) as Schema;
  for (const page of PAGES) {
    const text = read(page);
    const set = [...text.matchAll(/--set(?:-file|-string|-json)?[ =]["']?([A-Za-z][\w.[\]]*)=/g)].map(([, path = ""]) => path);
    const named = [...text.matchAll(/`(config(?:\.[a-zA-Z]+)+)/g)].map(([, path = ""]) => path);
    for (const path of [...set, ...named].filter((path) => !/^config\.(?:ya?ml|json|ts)$/.test(path))) t.ok(hasField(schema, path.split(/[.[]/)), `${page}: ${path}`);
  }
});

/** Objects that Kubernetes defines have no properties in the schema, and may have any. */
function hasField(schema: Schema, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  if (/^\d+\]?$/.test(first)) return hasField(schema.items ?? {}, rest);
  if (schema.properties === undefined) return schema.items === undefined || hasField(schema.items, path);
  const field = schema.properties[first];
  return field !== undefined && hasField(field, rest);
}
