// What the chart's alerts.yaml says, and the same as Prometheus reads it without the operator.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

/** One alert, with SELECTOR, THRESHOLD and WINDOW in its expression where it has them. */
export interface Alert {
  readonly alert: string;
  readonly severity: "critical" | "warning" | "info";
  readonly for: string;
  /** Undefined where there is nothing to compare with. */
  readonly threshold?: number;
  /** The time that the expression looks back; undefined where it looks at one instant. */
  readonly window?: string;
  readonly expr: string;
  readonly summary: string;
  readonly description: string;
}

const SOURCE = join(import.meta.dirname, "../../charts/pratique/alerts.yaml");

export const ALERTS = parse(readFileSync(SOURCE, "utf8")) as readonly Alert[];

/** Where the headings of the alerts are; an address of the repository, where the chart's default leads too. */
export const RUNBOOK = "https://github.com/pratique-dev/pratique/blob/main/docs/operations.md";

/** Which series are Pratique's, for a Prometheus that knows nothing of releases and namespaces. */
const SELECTOR = 'job="pratique"';

/** The expression of an alert with its defaults. */
export function expressionOf({ expr, threshold, window }: Alert, selector: string): string {
  return expr.replaceAll("SELECTOR", selector).replaceAll("THRESHOLD", String(threshold)).replaceAll("WINDOW", String(window));
}

/** A rule file for a Prometheus without the operator. */
export function ruleFile(): string {
  const rules = ALERTS.map((each) => ({
    alert: each.alert,
    expr: expressionOf(each, SELECTOR),
    for: each.for,
    labels: { severity: each.severity },
    annotations: { summary: each.summary, description: each.description, runbook_url: `${RUNBOOK}#${each.alert.toLowerCase()}` },
  }));
  return `${HEAD}${stringify({ groups: [{ name: "pratique", rules }] }, { lineWidth: 0 })}`;
}

const HEAD = `# Made by npm run generate from charts/pratique/alerts.yaml: the alerts of the chart, for a Prometheus without the
# operator. They go by the job that scrapes Pratique, which is called pratique here.
`;

/** The table of the alerts for docs/operations.md. */
export function alertTable(): string {
  const rows = ALERTS.map((each) => {
    const { alert, severity, summary, threshold = "", window = "" } = each;
    return `| [${alert}](#${alert.toLowerCase()}) | ${severity} | ${summary} | ${threshold} | ${window} | ${each.for} |`;
  });
  return ["| alert | severity | | threshold | window | for |", "|---|---|---|---|---|---|", ...rows].join("\n");
}
