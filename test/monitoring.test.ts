// Alerts, dashboard and the page for whoever is on call, held against what the program has.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { Metrics } from "../src/adapters/telemetry/metrics.ts";
import { UNDETERMINED_REASONS } from "../src/verdict/reason.ts";
import { ALERTS, expressionOf } from "../tools/monitoring/alerts.ts";
import { dashboard } from "../tools/monitoring/dashboard.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFile(join(ROOT, path), "utf8");
const operations = await read("docs/operations.md");

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

const panels = dashboard().panels as readonly Panel[];
const drawn = panels.filter(({ type }) => type !== "row");
const expressions = [...ALERTS.map((alert) => expressionOf(alert, 'job="pratique"')), ...drawn.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];

t.test("each alert has its paragraph, under the heading that its runbook_url leads to", async (t) => {
  const [, alerts = ""] = /^## Alerts\n([^]*?)^## /m.exec(operations) ?? [];
  const sections = alerts.split(/^### /m).slice(1).map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n")).trim()] as const);
  t.same(sections.map(([name]) => name), ALERTS.map(({ alert }) => alert));
  for (const [name, text] of sections) t.ok(text.length > 100, `${name} has a paragraph`);
});

t.test("an alert says what is the matter in sentences, and has what its expression needs", (t) => {
  for (const { alert, expr, threshold, window, severity, summary, description } of ALERTS) {
    t.match(alert, /^Pratique[A-Z]\w+$/);
    t.ok(["critical", "warning", "info"].includes(severity), alert);
    t.equal(expr.includes("THRESHOLD"), threshold !== undefined, `${alert}: threshold`);
    t.equal(expr.includes("WINDOW"), window !== undefined, `${alert}: window`);
    for (const text of [summary, description]) t.match(text, /^[A-Z{].*\.$/s, alert);
    // Two releases, or two namespaces, are two alerts.
    t.notMatch(expr, /by \((?!namespace, job)/, alert);
  }
  t.end();
});

t.test("which reasons are no evidence stands in two alerts as in the code", (t) => {
  const reasonsOf = (name: string, operator: string) => new RegExp(`reason${operator}"([^"]*)"`).exec(ALERTS.find(({ alert }) => alert === name)?.expr ?? "")?.[1]?.split("|");
  const others = new Set(["Overloaded", "InternalError"]);
  t.same(reasonsOf("PratiqueUndeterminedDenials", "=~"), UNDETERMINED_REASONS.filter((reason) => !others.has(reason)));
  t.same(reasonsOf("PratiqueDenialsRising", "!~"), [...UNDETERMINED_REASONS, "InvalidRequest"]);
  t.end();
});

t.test("expressions name metrics and labels that there are", async (t) => {
  const page = await read("docs/metrics.md");
  const own = new Map([...page.matchAll(/^\| `(pratique_\w+)` \| \w+ \| ([^|]*)\|/gm)].map(([, name = "", labels = ""]) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label)]));
  const metrics = new Metrics({ version: "1", registries: [], requestSeconds: 8, scanMinutes: 0, isLabelled: () => false });
  const process = new Set([...(await metrics.render()).matchAll(/^# TYPE (?!pratique)(\w+)/gm)].map(([, name]) => name));
  // What scrapers add, and a histogram's own.
  const added = new Set(["namespace", "job", "pod", "instance", "le"]);
  for (const expression of expressions) {
    const selectors = [...expression.matchAll(/\b([a-z]\w+)\{([^}]*)\}/g)];
    t.not(selectors.length, 0, expression);
    for (const [, metric = "", matchers = ""] of selectors) {
      const labels = own.get(metric.replace(/_(bucket|count|sum)$/, ""));
      t.ok(labels !== undefined || process.has(metric) || metric === "up", `${metric} is a metric`);
      for (const [, label = ""] of matchers.matchAll(/(\w+)[=!]~?"/g)) t.ok(added.has(label) || labels?.includes(label), `${metric} has the label ${label}`);
    }
    const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(", "));
    const known = new Set(selectors.flatMap(([, metric = ""]) => own.get(metric.replace(/_(bucket|count|sum)$/, "")) ?? []));
    for (const label of grouped) t.ok(added.has(label) || known.has(label), `something of it has the label ${label}`);
  }
});

t.test("the dashboard is one that Grafana takes, and that a person can read", (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    t.ok(x + w <= 24, title);
    const cells = Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    t.notOk(cells.some((cell) => taken.has(cell)), `${title} lies on no other`);
    for (const cell of cells) taken.add(cell);
  }
  for (const { title, description, fieldConfig, datasource, targets = [], type } of drawn) {
    t.match(description, /\.$/, title);
    t.ok(fieldConfig?.defaults.unit, title);
    t.equal(datasource?.uid, "${datasource}");
    t.not(targets.length, 0, title);
    if (type === "timeseries") for (const { legendFormat } of targets) t.not(legendFormat, "", title);
    for (const { expr } of targets) for (const [, variable = ""] of expr.matchAll(/\$(\w+)/g)) t.ok(["namespace", "job", "__rate_interval", "__range"].includes(variable), variable);
  }
  t.same(dashboard().templating.list.map((variable) => ("name" in variable ? variable.name : undefined)), ["datasource", "namespace", "job"]);
  t.end();
});

t.test("the page explains each line that is logged by default, and no other", async (t) => {
  const sources = await Promise.all(["src/adapters/telemetry/logs.ts", "src/app.ts"].map(read));
  // Which of these is written depends on what was changed.
  const changes = [.../^const CERTIFICATE_CHANGES[^{]*= \{\n([^}]*)\}/m.exec(sources[0] ?? "")?.[1]?.matchAll(/: "([^"]+)"/g) ?? []].map(([, message]) => `info ${message}`);
  t.not(changes.length, 0);
  const logged = sources.flatMap((source) => [...source.matchAll(/#logger\.(info|warn|error)\((?:[^;]*?, )?\s*"([^"]+)"/g)].map(([, level, message]) => `${level} ${message}`));
  const [, section = ""] = /^## What the log says\n([^]*?)^## /m.exec(operations) ?? [];
  const explained = [...section.matchAll(/^\| (info|warn|error) \| ([^|]*) \|/gm)].flatMap(([, level, messages = ""]) => [...messages.matchAll(/`([^`]+)`/g)].map(([, message]) => `${level} ${message}`));
  // One that is written at the start alone, and says all itself; one whose level depends on the mode.
  const said = logged.filter((line) => !line.includes("signed.repositories is **"));
  t.same([...new Set(explained)].toSorted(), [...new Set([...said, ...changes, "info violation"])].toSorted());
});
