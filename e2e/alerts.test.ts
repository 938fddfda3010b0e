// The alerts as promtool sees them, over hours that pass at once: what a real process does not show in a minute.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import { ALERTS, expressionOf } from "../tools/monitoring/alerts.ts";
import { CHART, only, RELEASE_NAMESPACE, renderChart, tryRender } from "./harness/chart.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { execute, succeed } from "./harness/process.ts";
import { CHECKOUT } from "./harness/pratique.ts";
import { program } from "./programs.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.alerts);

const folder = await temporaryFolder();
t.teardown(() => folder.remove());
const HELMS = ["helm3", "helm4"] as const;
const BASE = { certificate: { mode: "cert-manager" } };
const rulesOf = async (rules: object, helm: (typeof HELMS)[number] = "helm4") =>
  only(await renderChart({ ...BASE, monitoring: { rules: { enabled: true, ...rules } } }, helm), "PrometheusRule").spec.groups[0].rules;
const rules = await rulesOf({});
const ruleFile = await folder.write("rules.yaml", stringify({ groups: [{ name: "pratique", rules }] }));

/** What is scraped: the series, each with its values every 30 s in promtool's notation. */
type Series = Readonly<Record<string, string>>;
/** Which alerts fire, and which do not, so long after the beginning. */
type Expectation = readonly [at: string, firing: readonly string[], silent: readonly string[]];

/** Labels as the operator gives them. */
const of = (metric: string, labels = "", pod = "pratique-a") => `${metric}{namespace="${RELEASE_NAMESPACE}",job="pratique",pod="${pod}",instance="${pod}:9090"${labels === "" ? "" : `,${labels}`}}`;
const refused = (reason: string, pod?: string) => of("pratique_admissions_total", `entry="enforce",operation="CREATE",decision="deny",reason="${reason}"`, pod);
const requests = (kind: string, status: string) => of("pratique_registry_requests_total", `registry="a.b",kind="${kind}",status="${status}"`);

const READY: Series = { [of("pratique_ready")]: "1x2000" };

const CASES: readonly (readonly [what: string, series: Series, ...expectations: readonly Expectation[]])[] = [
  ["nothing is scraped at all", {}, ["2m", ["PratiqueNoReplicaReady"], ["PratiqueReplicaNotReady"]]],
  ["another release is there, and this one is not", { 'pratique_ready{namespace="elsewhere",job="pratique"}': "1x20", 'pratique_ready{namespace="pratique-system",job="other-pratique"}': "1x20" }, ["2m", ["PratiqueNoReplicaReady"], []]],
  ["another release is in trouble", { ...READY, 'pratique_outage_admissions_total{namespace="elsewhere",job="pratique",resource_namespace="shop"}': "0 1x20", 'pratique_defects_total{namespace="pratique-system",job="other-pratique"}': "0 1x20" }, ["2m", [], ["PratiqueOutageAdmissions", "PratiqueDefect", "PratiqueNoReplicaReady"]]],
  ["one of two replicas is not ready", { [of("pratique_ready")]: "1x60", [of("pratique_ready", "", "pratique-b")]: "0x60" }, ["10m", [], ["PratiqueNoReplicaReady", "PratiqueReplicaNotReady"]], ["20m", ["PratiqueReplicaNotReady"], ["PratiqueNoReplicaReady"]]],
  ["both wait for their first lists", { [of("pratique_ready")]: "0x20 1x20", [of("pratique_ready", "", "pratique-b")]: "0x40" }, ["5m", ["PratiqueNoReplicaReady"], []], ["12m", [], ["PratiqueNoReplicaReady"]]],
  ["a rollout: each Pod's series end, and the next one's begin", { [of("pratique_ready")]: "1x10 stale", [of("pratique_ready", "", "pratique-b")]: "_x8 1x40", [refused("Unsigned")]: "5000x10 stale", [refused("Unsigned", "pratique-b")]: "_x8 0x40" }, ["6m", [], ["PratiqueNoReplicaReady", "PratiqueReplicaNotReady", "PratiqueDenialsRising"]], ["20m", [], ["PratiqueDenialsRising"]]],
  ["the first defect of a process", { [of("pratique_defects_total")]: "0x10 1x40" }, ["6m", ["PratiqueDefect"], []], ["25m", [], ["PratiqueDefect"]]],
  ["one Pod is let in unchecked, once", { [of("pratique_outage_admissions_total", 'resource_namespace="shop"')]: "0x10 1x40" }, ["6m", ["PratiqueOutageAdmissions"], []], ["12m", [], ["PratiqueOutageAdmissions"]]],
  ["a container that restarts has counted before, and begins anew", { [of("pratique_outage_admissions_total", 'resource_namespace="shop"')]: "7x20 0x20", [of("pratique_defects_total")]: "3x20 0x20" }, ["13m", [], ["PratiqueOutageAdmissions", "PratiqueDefect"]]],
  ["a container that restarts, and meets a defect at once", { [of("pratique_defects_total")]: "3x20 0 1x20" }, ["13m", ["PratiqueDefect"], []]],
  ["a registry is out of reach for ten minutes", { [refused("RegistryUnavailable")]: "0x10 1+1x20 22x60" }, ["11m", ["PratiqueUndeterminedDenials"], ["PratiqueDenialsRising"]], ["25m", [], ["PratiqueUndeterminedDenials"]]],
  ["two refusals a minute, as on every day", { [refused("Unsigned")]: "0+1x200" }, ["1h", [], ["PratiqueDenialsRising"]]],
  ["thirty a minute, as on every day", { [refused("Unsigned")]: "0+15x1300" }, ["10h", [], ["PratiqueDenialsRising"]]],
  ["thirty a minute after half a day of two", { [refused("Unsigned")]: "0+1x1440 1440+15x100" }, ["12h", [], ["PratiqueDenialsRising"]], ["12h40m", ["PratiqueDenialsRising"], ["PratiqueUndeterminedDenials"]]],
  ["a registry that was left alone, and that nobody wants anything of since", { [of("pratique_registry_left_alone", 'registry="a.b"')]: "0x4 1x60", [requests("ping", "error")]: "0x4 1+1x6 7x60" }, ["5m", ["PratiqueRegistryUnavailable"], []], ["20m", [], ["PratiqueRegistryUnavailable"]]],
  ["a registry that nobody asks", { [requests("manifest", "error")]: "0x60", [requests("manifest", "200")]: "9x60" }, ["20m", [], ["PratiqueRegistryFailing"]]],
  ["a fifth of the requests fails", { [requests("manifest", "503")]: "0+1x60", [requests("manifest", "200")]: "0+4x60" }, ["20m", ["PratiqueRegistryFailing"], ["PratiqueRegistryUnavailable"]]],
  ["scans are off", { [of("pratique_audit_timestamp_seconds")]: "0x60", [of("pratique_audit_interval_seconds")]: "0x60" }, ["20m", [], ["PratiqueScanOld"]]],
  ["no scan has ever ended", { [of("pratique_audit_timestamp_seconds")]: "0x700", [of("pratique_audit_interval_seconds")]: "3600x700" }, ["2h", [], ["PratiqueScanOld"]], ["4h", ["PratiqueScanOld"], []]],
  ["the first scan after an installation takes its time", { [of("process_start_time_seconds")]: "_x480 14400x800", [of("pratique_audit_timestamp_seconds")]: "_x480 0x800", [of("pratique_audit_interval_seconds")]: "_x480 3600x800" }, ["5h", [], ["PratiqueScanOld"]], ["8h", ["PratiqueScanOld"], []]],
  ["a replica scans in the place of another", { [of("pratique_audit_timestamp_seconds")]: "0x700", [of("pratique_audit_timestamp_seconds", "", "pratique-b")]: "0+30x700", [of("pratique_audit_interval_seconds")]: "3600x700" }, ["5h", [], ["PratiqueScanOld"]]],
  ["a watch that never had its first list", { [of("pratique_watch_age_seconds", 'resource="trustpolicies"')]: "Inf ".repeat(20) }, ["5m", ["PratiqueWatchOld"], []]],
  ["a certificate that ends within the week, and is renewed", { [of("pratique_certificate_expiry_timestamp_seconds")]: "500000x240 9000000x60" }, ["90m", ["PratiqueCertificateExpiring"], []], ["130m", [], ["PratiqueCertificateExpiring"]]],
  ["a caBundle that is put back, and one that is not", { [of("pratique_certificate_trusted")]: "1x10 0x4 1x40", [of("pratique_certificate_trusted", "", "pratique-b")]: "1x30 0x60" }, ["8m", [], ["PratiqueCertificateNotTrusted"]], ["25m", ["PratiqueCertificateNotTrusted"], []]],
  ["a CA that ends within the month", { [of("pratique_certificate_ca_expiry_timestamp_seconds")]: "2500000x240 9000000x60" }, ["90m", ["PratiqueCAExpiring"], ["PratiqueCertificateExpiring"]], ["130m", [], ["PratiqueCAExpiring"]]],
  ["a port scan, while reviews are answered", { [of("pratique_tls_handshake_failures_total")]: "0+5x60", [of("pratique_admission_duration_seconds_count", 'entry="enforce",decision="allow"')]: "0+1x60" }, ["20m", [], ["PratiqueHandshakesFailing"]]],
  ["handshakes fail, and no review comes", { [of("pratique_tls_handshake_failures_total")]: "0+5x60", [of("pratique_admission_duration_seconds_count", 'entry="enforce",decision="allow"')]: "7x60" }, ["20m", ["PratiqueHandshakesFailing"], []]],
  ["a quiet cluster has no latency", { [of("pratique_admission_duration_seconds_bucket", 'entry="enforce",decision="allow",le="8"')]: "3x60", [of("pratique_admission_duration_seconds_bucket", 'entry="enforce",decision="allow",le="+Inf"')]: "9x60", [of("pratique_admission_budget_seconds")]: "8x60" }, ["20m", [], ["PratiqueLatencyNearBudget"]]],
];

t.test("promtool finds nothing wrong with the chart's rules, nor with the plain file", async (t) => {
  for (const file of [ruleFile, join(CHECKOUT, "deploy/prometheus-rules.yaml")]) t.match(await succeed(program("promtool"), ["check", "rules", "--lint-fatal", file]), `SUCCESS: ${ALERTS.length} rules found`);
});

t.test("when each alert fires, and when it does not", async (t) => {
  for (const [what, series, ...expectations] of CASES) await holds(t, what, { series, expectations });
});

/** promtool compares whole alerts, labels and annotations included; here it is asked which of them there are. */
async function holds(t: Test, what: string, { series, expectations }: { readonly series: Series; readonly expectations: readonly Expectation[] }): Promise<void> {
  const count = (at: string, alert: string, exp_samples: readonly object[]) => ({ expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > 0`, eval_time: at, exp_samples });
  const promql_expr_test = expectations.flatMap(([at, firing, silent]) => [
    ...firing.map((alert) => ({ expr: `(count(ALERTS{alertname="${alert}",alertstate="firing"}) > 0) ^ 0`, eval_time: at, exp_samples: [{ labels: "{}", value: 1 }] })),
    ...silent.map((alert) => count(at, alert, [])),
  ]);
  const input_series = Object.entries(series).map(([series, values]) => ({ series, values }));
  const file = await folder.write("test.yaml", stringify({ rule_files: [ruleFile], evaluation_interval: "30s", tests: [{ interval: "30s", input_series, promql_expr_test }] }));
  const { status, stdout, stderr } = await execute(program("promtool"), ["test", "rules", file]);
  t.equal(status, 0, status === 0 ? what : `${what}: ${stdout}${stderr}`);
}

t.test("the values change an alert, leave one out, and name no other", async (t) => {
  for (const helm of HELMS) {
    const changed = await rulesOf(
      {
        selector: 'job="x"',
        alertLabels: { team: "platform" },
        runbookURL: "https://wiki.example.com/pratique",
        alerts: { PratiqueMemoryNearLimit: { threshold: 0, for: "0s", severity: "page" }, PratiqueDefect: { enabled: false }, PratiqueOverloaded: { window: "7m" } },
      },
      helm,
    );
    const [memory, overloaded] = ["PratiqueMemoryNearLimit", "PratiqueOverloaded"].map((name) => changed.find(({ alert }) => alert === name));
    t.match(memory, { expr: 'process_resident_memory_bytes{job="x"} / pratique_memory_limit_bytes{job="x"} > 0', for: "0s", labels: { severity: "page", team: "platform" }, annotations: { runbook_url: "https://wiki.example.com/pratique#pratiquememorynearlimit" } });
    t.match(overloaded?.expr, "[7m]");
    t.equal(changed.some(({ alert }) => alert === "PratiqueDefect"), false);
    const misspelt = await tryRender({ ...BASE, monitoring: { rules: { alerts: { PratiqueDefekt: { enabled: false } } } } }, helm);
    t.match(misspelt.stderr, "PratiqueDefekt");
  }
});

t.test("both Helms render what the plain file has", async (t) => {
  const selector = `namespace="${RELEASE_NAMESPACE}", job="pratique"`;
  for (const helm of HELMS) {
    const rendered = await rulesOf({}, helm);
    t.same(rendered.map(({ alert, expr }) => [alert, expr]), ALERTS.map((each) => [each.alert, expressionOf(each, selector)]));
    t.same(rendered.map((rule) => [rule.for, rule.labels, rule.annotations.summary, rule.annotations.description]), ALERTS.map((each) => [each.for, { severity: each.severity }, each.summary, each.description]));
  }
});

t.test("monitors and dashboard", async (t) => {
  const kinds = new Set(["ServiceMonitor", "PodMonitor", "PrometheusRule"]);
  t.same((await renderChart(BASE)).filter(({ kind, metadata }) => kinds.has(kind) || metadata.name.endsWith("-dashboard")), [], "none of it unless it is asked for");
  const values = { labels: { release: "stack" }, interval: "15s", relabelings: [{ targetLabel: "cluster", replacement: "blue" }], metricRelabelings: [{ action: "labeldrop", regex: "le" }] };
  for (const helm of HELMS) {
    for (const [monitor, kind, field] of [["service", "ServiceMonitor", "endpoints"], ["pod", "PodMonitor", "podMetricsEndpoints"]] as const) {
      const objects = await renderChart({ ...BASE, monitoring: { monitor, ...values } }, helm);
      const { spec, metadata } = only(objects, kind);
      t.match(metadata, { labels: { release: "stack" } });
      t.same(spec.namespaceSelector, { matchNames: [RELEASE_NAMESPACE] });
      const endpoint = { port: "metrics", path: "/metrics", interval: "15s", metricRelabelings: values.metricRelabelings, relabelings: [{ action: "replace", targetLabel: "job", replacement: "pratique" }, ...values.relabelings] };
      t.same(spec[field], [endpoint]);
    }
    const objects = await renderChart({ ...BASE, monitoring: { dashboard: { enabled: true } } }, helm);
    const dashboard = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "pratique-dashboard");
    t.match(dashboard?.metadata, { labels: { grafana_dashboard: "1" } });
    t.same(dashboard?.["data"], { "pratique.json": await readFile(join(CHART, "dashboards/pratique.json"), "utf8") });
  }
});
