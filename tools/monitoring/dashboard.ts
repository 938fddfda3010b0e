// The Grafana dashboard: what somebody looks at first who was woken at night.
import { layOut, type Panel, type Query, type Row } from "./panels.ts";

/** The series of the releases that are chosen above the panels. */
const OURS = 'namespace=~"$namespace", job=~"$job"';
const DAY = 86_400;

/** A metric of ours, with these label matchers besides. */
const of = (metric: string, matchers = "") => `${metric}{${OURS}${matchers === "" ? "" : `, ${matchers}`}}`;
const rate = (metric: string, matchers = "") => `rate(${of(metric, matchers)}[$__rate_interval])`;
const sumBy = (labels: string, expr: string) => `sum by (${labels}) (${expr})`;
const quantile = (q: number, histogram: string, labels: readonly string[], matchers = "") =>
  `histogram_quantile(${q}, ${sumBy([...labels, "le"].join(", "), rate(`${histogram}_bucket`, matchers))})`;
const query = (legend: string, expr: string): Query => ({ legend, expr });

const BUDGET = `max(${of("pratique_admission_budget_seconds")})`;
const ANSWER_TIME = "pratique_admission_duration_seconds";
const FAILURES = 'status=~"error|429|5.."';

type Text = readonly [title: string, description: string];

function number([title, description]: Text, unit: string, expr: string, colour: Pick<Panel, "alarms"> & { readonly bad?: "low" | "high" } = {}): Panel {
  return { kind: "number", title, description, unit, width: 4, queries: [query("", expr)], ...colour };
}

function graph([title, description]: Text, unit: string, queries: readonly Query[], width = 12): Panel {
  return { kind: "graph", title, description, unit, width, queries };
}

const ANSWERING: Row = {
  title: "Are we answering?",
  panels: [
    number(["Replicas ready", "Replicas whose /readyz answers 200. None: namespaces that enforce admit no Pod."], "short", `sum(${of("pratique_ready")})`, { alarms: [2, 1], bad: "low" }),
    number(["Reviews", "Admission reviews answered in a second, by all replicas."], "reqps", `sum(${rate(`${ANSWER_TIME}_count`)})`),
    number(["Refused", "Of these, the part that was refused."], "percentunit", `sum(${rate(`${ANSWER_TIME}_count`, 'decision="deny"')}) / sum(${rate(`${ANSWER_TIME}_count`)})`, { alarms: [0.2, 0.5] }),
    number(["p99 of the budget", "The time under which 99 of a hundred reviews are answered, as a part of the longest that one may take."], "percentunit", `${quantile(0.99, ANSWER_TIME, [])} / ${BUDGET}`, { alarms: [0.5, 0.75] }),
    number(["Let in unchecked", "Pods admitted in the time shown although a registry could not be reached, since both keys are turned."], "short", `sum(increase(${of("pratique_outage_admissions_total")}[$__range]))`, { alarms: [1, 1] }),
    number(["Certificate ends in", "The serving certificate that ends first. Once it has ended, the API server cannot call the webhook."], "s", `min(${of("pratique_certificate_expiry_timestamp_seconds")}) - time()`, { alarms: [14 * DAY, 7 * DAY], bad: "low" }),
    { ...graph(["Reviews by decision", "Answers in a second. A refusal is deny, whatever its reason."], "reqps", [query("{{decision}}", sumBy("decision", rate(`${ANSWER_TIME}_count`)))]), kind: "graph", stacked: "stacked" },
    graph(["Time to answer", "From a review's arrival to its answer, beside the longest that it may take."], "s", [
      query("p50", quantile(0.5, ANSWER_TIME, [])),
      query("p99", quantile(0.99, ANSWER_TIME, [])),
      query("p99 of {{entry}}", quantile(0.99, ANSWER_TIME, ["entry"])),
      query("budget", BUDGET),
    ]),
  ],
};

const DENIED: Row = {
  title: "What is refused, and what would be?",
  panels: [
    graph(["Refusals by reason", "The first reason that each refusal rests on. docs/reasons.md says what each means."], "reqps", [query("{{reason}}", `${sumBy("reason", rate("pratique_admissions_total", 'decision="deny"'))} > 0`)]),
    graph(["Images that could not be judged", "Nobody said no: it could not be found out."], "reqps", [query("{{reason}}", sumBy("reason", rate("pratique_images_total", 'verdict="undetermined"')))]),
    graph(["Violations by mode", "Images that do not pass, for each mode that asked: refused (enforce), warned of (warn), recorded (audit)."], "reqps", [query("{{mode}}", sumBy("mode", rate("pratique_violations_total")))]),
    graph(["Pods let in unchecked", "In an outage, by namespace."], "short", [query("{{resource_namespace}}", sumBy("resource_namespace", `increase(${of("pratique_outage_admissions_total")}[$__rate_interval])`))]),
    {
      kind: "table",
      title: "Violations since the replicas started",
      description: "Before a namespace is set to enforce: what its mode audit or warn has found.",
      unit: "short",
      width: 12,
      columns: { mode: "Mode", resource_namespace: "Namespace", level: "Level", reason: "Reason" },
      value: "Images",
      queries: [query("", sumBy("mode, resource_namespace, level, reason", of("pratique_violations_total")))],
    },
    {
      kind: "table",
      title: "What runs, by the last scan",
      description: "Images of running workloads that do not pass. Needs audit.scanMinutes.",
      unit: "short",
      width: 12,
      columns: { resource_namespace: "Namespace", verdict: "Verdict", reason: "Reason" },
      value: "Images",
      queries: [query("", `max by (resource_namespace, verdict, reason) (${of("pratique_audit_images", 'verdict=~"untrusted|undetermined"')})`)],
    },
  ],
};

const REGISTRIES: Row = {
  title: "Registries",
  panels: [
    graph(["Requests", "Requests to registries in a second. A registry that the configuration does not list is other."], "reqps", [query("{{registry}} {{kind}}", sumBy("registry, kind", rate("pratique_registry_requests_total")))]),
    graph(["Failures", "The part of the requests that got no answer: a broken connection, 429 or a 5xx."], "percentunit", [query("{{registry}}", `${sumBy("registry", rate("pratique_registry_requests_total", FAILURES))} / ${sumBy("registry", rate("pratique_registry_requests_total"))}`)]),
    graph(["Time of a request", "With its redirects and its body."], "s", [
      query("p50 {{registry}}", quantile(0.5, "pratique_registry_request_duration_seconds", ["registry"])),
      query("p99 {{registry}}", quantile(0.99, "pratique_registry_request_duration_seconds", ["registry"])),
    ]),
    graph(["Under way", "Requests under way, as a part of the registry's maxInFlight. At 1, more wait."], "percentunit", [query("{{registry}}", `max by (registry) (${of("pratique_registry_in_flight")} / ${of("pratique_registry_in_flight_limit")})`)], 8),
    graph(["Left alone", "Registries that nothing is sent to for now, since they do not answer."], "short", [query("{{registry}}", `max by (registry) (${of("pratique_registry_left_alone")})`)], 8),
    graph(["Look-ups of signatures", "Those that really went to a registry, by what came of them."], "reqps", [query("{{result}}", sumBy("result", rate("pratique_inspections_total")))], 8),
  ],
};

const CACHES: Row = {
  title: "Caches",
  panels: [
    graph(["Answered from memory", "The part of the look-ups that needed no request of their own."], "percentunit", [query("{{cache}}", `${sumBy("cache", rate("pratique_cache_lookups_total", 'result=~"hit|shared"'))} / ${sumBy("cache", rate("pratique_cache_lookups_total", 'result!="stale"'))}`)], 8),
    graph(["Bytes", "Of the fullest replica. All caches together stay under cache.maxBytes."], "bytes", [query("{{cache}}", `max by (cache) (${of("pratique_cache_bytes")})`)], 8),
    graph(["Stale answers", "Look-ups that found the registry out of reach, and were answered by what was found earlier."], "reqps", [query("{{cache}}", sumBy("cache", rate("pratique_cache_lookups_total", 'result="stale"')))], 8),
  ],
};

const CLUSTER: Row = {
  title: "Cluster",
  panels: [
    graph(["Age of the watches", "Since the API server last confirmed what is known. Beyond 60 s it is asked for each request."], "s", [query("{{resource}}", `max by (resource) (${of("pratique_watch_age_seconds")})`)], 8),
    graph(["Watches that began again", "After a connection that broke."], "short", [query("{{resource}}", sumBy("resource", `increase(${of("pratique_watch_restarts_total")}[$__rate_interval])`))], 8),
    graph(["Trust policies", "Those that can be used, and those that cannot and so refuse what they govern."], "short", [query("{{resource}}, ready: {{ready}}", `max by (resource, ready) (${of("pratique_trust_policies")})`)], 8),
    graph(["Since the last scan", "Needs audit.scanMinutes."], "s", [query("age", `time() - (max(${of("pratique_audit_timestamp_seconds")}) > 0)`)], 8),
    graph(["Events", "Written, failed, or dropped when too many were waiting."], "reqps", [query("{{result}}", sumBy("result", rate("pratique_events_total")))], 8),
    graph(["TLS handshakes that failed", "A caller that does not trust the certificate, or a port scan."], "reqps", [query("{{instance}}", sumBy("instance", rate("pratique_tls_handshake_failures_total")))], 8),
  ],
};

const PROCESS: Row = {
  title: "Replicas",
  panels: [
    graph(["Reviews", "Answered in a second."], "reqps", [query("{{instance}}", sumBy("instance", rate(`${ANSWER_TIME}_count`)))], 8),
    graph(["Processor", "In cores."], "short", [query("{{instance}}", rate("process_cpu_seconds_total"))], 8),
    graph(["Event loop", "How late the process comes to what it has to do: p99 since the last scrape."], "s", [query("{{instance}}", of("nodejs_eventloop_lag_p99_seconds"))], 8),
    graph(["Memory", "Resident, beside the limit of the container."], "bytes", [query("{{instance}}", of("process_resident_memory_bytes")), query("limit", `min(${of("pratique_memory_limit_bytes")})`)], 8),
    graph(["Heap", "What JavaScript holds."], "bytes", [query("{{instance}}", of("nodejs_heap_size_used_bytes"))], 8),
    graph(["Defects", "Mistakes in Pratique. The log has the cause of each."], "short", [query("{{instance}}", of("pratique_defects_total"))], 8),
  ],
};

/** The dashboard as Grafana imports it. */
export function dashboard() {
  return {
    uid: "pratique",
    title: "Pratique",
    description: "Admission by signatures: whether it answers, what it refuses, and what it waits for.",
    tags: ["pratique", "kubernetes", "security"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    timezone: "browser",
    links: [],
    annotations: { list: [] },
    templating: { list: [DATASOURCE, variable("namespace", "Namespace", "label_values(pratique_build_info, namespace)"), variable("job", "Job", 'label_values(pratique_build_info{namespace=~"$namespace"}, job)')] },
    panels: layOut([ANSWERING, DENIED, REGISTRIES, CACHES, CLUSTER, PROCESS]),
  };
}

/** The file that the chart ships. */
export function dashboardFile(): string {
  return `${JSON.stringify(dashboard(), undefined, 2)}\n`;
}

const DATASOURCE = { type: "datasource", name: "datasource", label: "Data source", query: "prometheus", current: {}, hide: 0, refresh: 1, regex: "", includeAll: false, multi: false, options: [] };

// `.*` takes series without such a label too, which a Prometheus without the operator has.
function variable(name: string, label: string, query: string): object {
  return {
    type: "query",
    name,
    label,
    datasource: { type: "prometheus", uid: "${datasource}" },
    definition: query,
    query: { query, refId: name, qryType: 1 },
    refresh: 2,
    sort: 1,
    hide: 0,
    regex: "",
    includeAll: true,
    allValue: ".*",
    multi: true,
    current: { text: "All", value: "$__all" },
    options: [],
  };
}
