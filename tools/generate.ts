// Writes what is made from the schemas of the configuration, of the chart's values and of the policies, from the chart's
// alerts and from the dashboard: `npm run generate`.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Node } from "../src/schema/check.ts";
import { ConfigSchema } from "../src/config/schema.ts";
import { ChartValuesSchema } from "./generate/chart-values.ts";
import { crdTemplate } from "./generate/crds.ts";
import { fieldSections, table, withGenerated } from "./generate/markdown.ts";
import { fieldRows } from "./generate/rows.ts";
import { alertTable, ruleFile } from "./monitoring/alerts.ts";
import { dashboardFile } from "./monitoring/dashboard.ts";
import { valuesYaml } from "./generate/values-yaml.ts";

const ROOT = join(import.meta.dirname, "..");
const CONFIGURATION = "docs/configuration.md";
const CHART_README = "charts/pratique/README.md";
const CRDS = "charts/pratique/templates/crds.yaml";
const OPERATIONS = "docs/operations.md";
const DASHBOARD = "charts/pratique/dashboards/pratique.json";
const RULES = "deploy/prometheus-rules.yaml";
const CHART_VALUES = "charts/pratique/values.yaml";
const CHART_SCHEMA = "charts/pratique/values.schema.json";

const WHOLE_CONFIG = {
  description: "The whole configuration of Pratique: docs/configuration.md.",
  default: {},
  examples: [{ defaults: { warn: "signed" }, signed: { repositories: ["harbor.example.com/shop/**"] } }],
};

/** The generated files: their contents by their paths from the root of the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    [CONFIGURATION, withGenerated(await page(CONFIGURATION), fieldSections(ConfigSchema))],
    [CHART_README, withGenerated(await page(CHART_README), table(chartRows()))],
    [OPERATIONS, withGenerated(await page(OPERATIONS), alertTable())],
    [CRDS, crdTemplate()],
    [DASHBOARD, dashboardFile()],
    [RULES, ruleFile()],
    [CHART_VALUES, valuesYaml(ownValues())],
    [CHART_SCHEMA, `${JSON.stringify(withoutFilled(ChartValuesSchema), undefined, 2)}\n`],
  ]);
}

function page(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

// The configuration has a page of its own.
function chartRows() {
  return fieldRows(ownValues()).filter(({ path }) => path !== "config");
}

// The configuration is one value here, and Helm itself adds `global`.
function ownValues(): Node {
  const { global: _, config, ...properties } = ChartValuesSchema.properties;
  return { properties: { ...properties, config: { ...WHOLE_CONFIG, type: config.type } } };
}

// Helm asks for required fields before any default is filled in, so only those without a default stay required.
function withoutFilled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFilled);
  if (typeof value !== "object" || value === null) return value;
  const { required, ...node } = value as Node;
  const missing = required?.filter((name) => node.properties?.[name]?.default === undefined) ?? [];
  const inner = Object.entries(node).map(([key, inner]): [string, unknown] => [key, withoutFilled(inner)]);
  return Object.fromEntries(missing.length === 0 ? inner : [...inner, ["required", missing]]);
}

if (import.meta.main) {
  for (const [path, content] of await generatedFiles()) {
    await writeFile(join(ROOT, path), content);
    console.log(`wrote ${path}`);
  }
}
