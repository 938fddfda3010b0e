import { Type } from "typebox";
import { ALERTS, RUNBOOK } from "../monitoring/alerts.ts";
import { flag, group, kubernetesObjects, shapedText, text, texts } from "./value.ts";

/** As Prometheus writes them. */
const DURATION = "([0-9]+(ms|[smhdwy]))+";

/** What the chart can say to a Prometheus with its operator, and to Grafana. */
export const MONITORING_VALUES = {
  monitoring: group("For a Prometheus with its operator, and for Grafana (docs/operations.md). All of it is off unless it is asked for.", {
    monitor: Type.Enum(["none", "service", "pod"], { description: "Whether a ServiceMonitor (`service`) or a PodMonitor (`pod`) has `/metrics` scraped.", default: "none" }),
    labels: texts("More labels of the monitor, by which a Prometheus selects it.", { example: { release: "kube-prometheus-stack" } }),
    interval: shapedText("How often it scrapes, such as `30s`. Empty: as Prometheus does by default.", `^(${DURATION})?$`),
    scrapeTimeout: shapedText("How long a scrape may take. Empty: as Prometheus has it.", `^(${DURATION})?$`),
    relabelings: kubernetesObjects("More relabelings of the target."),
    metricRelabelings: kubernetesObjects("Relabelings of the series."),
    rules: group("The alerts of docs/operations.md, as a PrometheusRule.", {
      enabled: flag("Whether there is one.", false),
      labels: texts("More labels of it, by which a Prometheus selects it."),
      selector: text("Which series are this release's, in PromQL. Empty: those of its namespace and job, as the monitor names them."),
      alertLabels: texts("More labels of every alert, for its routing."),
      runbookURL: text("The page that `runbook_url` of each alert leads to.", RUNBOOK),
      alerts: alertChanges(),
    }),
    dashboard: group("The Grafana dashboard, as a ConfigMap.", {
      enabled: flag("Whether there is one.", false),
      labels: texts("More labels of it: the one that Grafana's sidecar looks for.", { value: { grafana_dashboard: "1" } }),
      annotations: texts("Annotations of it, such as the folder that the sidecar puts it in."),
    }),
  }),
};

function alertChanges() {
  const duration = (description: string) => Type.String({ description, pattern: `^${DURATION}$` });
  const change = Type.Partial(
    Type.Object({
      enabled: Type.Boolean({ description: "Whether there is this alert." }),
      threshold: Type.Number({ description: "What its expression compares with." }),
      window: duration("How far its expression looks back."),
      for: duration("How long it must hold before the alert fires."),
      severity: Type.String({ description: "Its label `severity`." }),
    }),
    { additionalProperties: false },
  );
  return Type.Record(Type.String({ pattern: `^(${ALERTS.map(({ alert }) => alert).join("|")})$` }), change, {
    description: "What is otherwise than in docs/operations.md, by the alert's name: `enabled`, `threshold`, `window`, `for`, `severity`.",
    default: {},
    examples: [{ PratiqueDenialsRising: { threshold: 50, for: "30m", severity: "info" }, PratiqueUntrustedRunning: { enabled: false } }],
    additionalProperties: false,
  });
}
