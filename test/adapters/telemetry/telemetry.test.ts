import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import t from "tap";

import type { AdmissionEvent, ViolationEvent } from "../../../src/admission/ports.ts";
import { createLogger, Logs, type LogLevel } from "../../../src/adapters/telemetry/logs.ts";
import { Metrics } from "../../../src/adapters/telemetry/metrics.ts";
import { Telemetry } from "../../../src/adapters/telemetry/telemetry.ts";
import { parseDigest } from "../../../src/image/digest.ts";

const REVIEW: AdmissionEvent = {
  uid: "25df0580-ad88-425f-be85-794927523014",
  entry: "enforce",
  operation: "CREATE",
  decision: "deny",
  reason: "Unsigned",
  seconds: 0.0421,
  namespace: "shop",
  resource: "pods",
  name: "web",
};
const VIOLATION: ViolationEvent = { uid: REVIEW.uid, mode: "audit", level: "signed", reason: "Unsigned", namespace: "shop", reference: "registry.example.com/shop/web:1" };

function createMetrics(labelled: ReadonlySet<string> = new Set()): Metrics {
  const registries = ["harbor.example.com", "docker.io"].map((host) => ({ host, maxInFlight: 32 }));
  return new Metrics({ version: "1.2.3", registries, requestSeconds: 8, scanMinutes: 60, isLabelled: (namespace) => labelled.has(namespace) });
}

/** The samples of our own metrics: `name{labels}` to value. */
async function samples(metrics: Metrics): Promise<ReadonlyMap<string, string>> {
  const lines = (await metrics.render()).split("\n").filter((line) => line.startsWith("pratique_"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]));
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

const SCAN = {
  images: [
    { namespace: "shop", verdict: "untrusted", reason: "Unsigned", count: 3, drifted: 1 },
    { namespace: "shop", verdict: "trusted", reason: "Signed", count: 5, drifted: 1 },
    { namespace: "by-default", verdict: "trusted", reason: "Signed", count: 2, drifted: 0 },
  ],
  problems: [],
  endedAt: 1_800_000_000_000,
  seconds: 2,
} as const;

t.test("the series of a scan are replaced by the next, and go with their namespace or with the turn to scan", async (t) => {
  const labelled = new Set(["shop"]);
  const metrics = createMetrics(labelled);
  const audit = async () => [...(await samples(metrics))].filter(([name]) => /^pratique_audit_(images|drifted|timestamp)/.test(name)).map(([name, value]) => `${name} ${value}`).sort(byText);
  t.same(await audit(), ["pratique_audit_timestamp_seconds 0"]);
  metrics.scanned(SCAN);
  const unnamed = ['pratique_audit_drifted_images{resource_namespace=""} 0', 'pratique_audit_images{resource_namespace="",verdict="trusted",reason="Signed"} 2'];
  const named = ['pratique_audit_drifted_images{resource_namespace="shop"} 2', 'pratique_audit_images{resource_namespace="shop",verdict="trusted",reason="Signed"} 5', 'pratique_audit_images{resource_namespace="shop",verdict="untrusted",reason="Unsigned"} 3'];
  t.same(await audit(), [...unnamed, ...named, "pratique_audit_timestamp_seconds 1800000000"].sort(byText));
  t.same(await audit(), [...unnamed, ...named, "pratique_audit_timestamp_seconds 1800000000"].sort(byText), "a scrape changes nothing");
  labelled.clear();
  t.same(await audit(), [...unnamed, "pratique_audit_timestamp_seconds 1800000000"].sort(byText));
  labelled.add("shop");
  metrics.scanned({ ...SCAN, images: SCAN.images.slice(1, 2) });
  t.same(await audit(), ['pratique_audit_drifted_images{resource_namespace="shop"} 1', 'pratique_audit_images{resource_namespace="shop",verdict="trusted",reason="Signed"} 5', "pratique_audit_timestamp_seconds 1800000000"]);
  metrics.handedOver();
  t.same(await audit(), ["pratique_audit_timestamp_seconds 0"]);
});

t.test("each event has its series", async (t) => {
  const metrics = createMetrics(new Set(["shop"]));
  metrics.admission(REVIEW);
  metrics.refused({ status: 413 });
  metrics.refused({ status: 500 });
  metrics.violation(VIOLATION);
  metrics.violation({ ...VIOLATION, namespace: "unlabelled" });
  metrics.outage({ namespace: "shop" });
  metrics.outage({ namespace: "unlabelled" });
  metrics.image({ uid: "", level: "signed", verdict: "untrusted", reason: "Unsigned", reference: "x", digest: undefined });
  metrics.inspected("absent");
  metrics.request("manifest", "harbor.example.com", 404, 0.2);
  metrics.request("token", "index.docker.io", "error", 3);
  metrics.inFlight("harbor.example.com", 1);
  metrics.inFlight("harbor.example.com", 1);
  metrics.inFlight("harbor.example.com", -1);
  metrics.lookup("tags", "hit");
  metrics.event("dropped");
  metrics.watchRestarted("namespaces");
  t.notMatch(await metrics.render(), /^pratique_certificate_(trusted|ca_expiry)/m, "where files are served, nobody knows of a CA");
  metrics.certificateLoaded(new Date(1_800_000_000_000));
  metrics.certificateChanged("renew");
  metrics.certificateTrust({ caExpires: new Date(1_900_000_000_000), entries: "trusting" });
  metrics.leftAlone("index.docker.io", 1);
  metrics.defect();
  metrics.handshakeFailed();
  metrics.read({ cacheBytes: () => new Map([["tags", 512]]), watchAges: () => new Map([["namespaces", 12.5]]) });
  metrics.read({ policies: () => [{ resource: "trustpolicies", ready: false, count: 2 }], isReady: () => false });
  const found = await samples(metrics);
  for (const [name, value] of [
    ['pratique_admissions_total{entry="enforce",operation="CREATE",decision="deny",reason="Unsigned"}', "1"],
    ['pratique_admissions_total{entry="other",operation="other",decision="deny",reason="InvalidRequest"}', "1"],
    ['pratique_admissions_total{entry="other",operation="other",decision="deny",reason="InternalError"}', "1"],
    ['pratique_admission_duration_seconds_bucket{le="0.05",entry="enforce",decision="deny"}', "1"],
    ['pratique_admission_duration_seconds_bucket{le="0.025",entry="enforce",decision="deny"}', "0"],
    ['pratique_violations_total{mode="audit",level="signed",reason="Unsigned",resource_namespace="shop"}', "1"],
    ['pratique_violations_total{mode="audit",level="signed",reason="Unsigned",resource_namespace=""}', "1"],
    ['pratique_outage_admissions_total{resource_namespace="shop"}', "1"],
    ['pratique_outage_admissions_total{resource_namespace=""}', "1"],
    ['pratique_images_total{level="signed",verdict="untrusted",reason="Unsigned"}', "1"],
    ['pratique_inspections_total{result="absent"}', "1"],
    ['pratique_registry_requests_total{registry="harbor.example.com",kind="manifest",status="404"}', "1"],
    ['pratique_registry_requests_total{registry="docker.io",kind="token",status="error"}', "1"],
    ['pratique_registry_request_duration_seconds_count{registry="harbor.example.com",kind="manifest"}', "1"],
    ['pratique_registry_in_flight{registry="harbor.example.com"}', "1"],
    ['pratique_cache_lookups_total{cache="tags",result="hit"}', "1"],
    ['pratique_cache_bytes{cache="tags"}', "512"],
    ['pratique_events_total{result="dropped"}', "1"],
    ['pratique_registry_left_alone{registry="docker.io"}', "1"],
    ['pratique_registry_in_flight_limit{registry="docker.io"}', "32"],
    ['pratique_trust_policies{resource="trustpolicies",ready="false"}', "2"],
    ["pratique_defects_total", "2"],
    ["pratique_tls_handshake_failures_total", "1"],
    ["pratique_admission_budget_seconds", "8"],
    ["pratique_audit_interval_seconds", "3600"],
    ["pratique_ready", "0"],
    ['pratique_watch_age_seconds{resource="namespaces"}', "12.5"],
    ['pratique_watch_restarts_total{resource="namespaces"}', "1"],
    ["pratique_certificate_expiry_timestamp_seconds", "1800000000"],
    ["pratique_certificate_ca_expiry_timestamp_seconds", "1900000000"],
    ["pratique_certificate_trusted", "1"],
    ['pratique_certificate_changes_total{change="renew"}', "1"],
    ['pratique_build_info{version="1.2.3"}', "1"],
  ] as const) {
    t.equal(found.get(name), value, name);
  }
  for (const entries of ["none", "refusing"]) {
    metrics.certificateTrust({ caExpires: new Date(0), entries });
    t.equal((await samples(metrics)).get("pratique_certificate_trusted"), "0", entries);
  }
  t.match(await metrics.render(), /^process_resident_memory_bytes \d+$/m);
  t.match(await metrics.render(), /^nodejs_eventloop_lag_p99_seconds /m);
});

t.test("nobody but the configuration makes new series", async (t) => {
  const metrics = createMetrics();
  const everything = (host: string, word: string, status: number): void => {
    metrics.request("manifest", host, status, 0.1);
    metrics.inFlight(host, 1);
    metrics.admission({ ...REVIEW, entry: word, operation: word, namespace: word, name: word, resource: word });
    metrics.violation({ ...VIOLATION, namespace: word, reference: word });
    metrics.outage({ namespace: word });
    metrics.refused({ status });
  };
  everything("first.example.com", "first", 600);
  everything("harbor.example.com", "enforce", 200);
  const before = (await samples(metrics)).size;
  for (let i = 0; i < 1000; i += 1) {
    const host = `r${Math.random().toString(36).slice(2)}.example.com:${i}`;
    everything(host, host, 600 + i);
  }
  const after = await samples(metrics);
  t.equal(after.size, before);
  t.equal(after.get('pratique_registry_requests_total{registry="other",kind="manifest",status="other"}'), "1001");
  t.equal(after.get('pratique_registry_in_flight{registry="other"}'), "1001");
});

t.test("a namespace takes its series with it", async (t) => {
  const labelled = new Set(["shop", "bank", "late"]);
  const metrics = createMetrics(labelled);
  for (const mode of ["enforce", "warn", "audit"] as const) {
    for (const namespace of ["shop", "bank", "plain"]) metrics.violation({ ...VIOLATION, mode, namespace });
  }
  for (const namespace of ["shop", "late"]) metrics.outage({ namespace });
  const named = async () => [...(await samples(metrics)).keys()].filter((name) => name.startsWith("pratique_violations_total")).map((name) => /resource_namespace="([^"]*)"/.exec(name)?.[1] ?? "none").toSorted(byText);
  const outages = async () => [...(await samples(metrics)).keys()].filter((name) => name.startsWith("pratique_outage_admissions_total") && !name.includes('""'));
  t.same(await named(), ["", "", "", "bank", "bank", "bank", "shop", "shop", "shop"]);
  t.equal((await outages()).length, 2);
  labelled.delete("shop");
  labelled.delete("late");
  t.same(await outages(), [], "also one that has no series but this");
  t.same(await named(), ["", "", "", "bank", "bank", "bank"]);
  labelled.add("shop");
  metrics.violation({ ...VIOLATION, namespace: "shop" });
  t.equal((await samples(metrics)).get('pratique_violations_total{mode="audit",level="signed",reason="Unsigned",resource_namespace="shop"}'), "1");
});

t.test("what alerts count is there before it happens, since Prometheus sees no increase in a series that is born at one", async (t) => {
  const labelled = new Set(["shop"]);
  const metrics = createMetrics(labelled);
  metrics.read({ lenientNamespaces: () => labelled, watchAges: () => new Map([["trustpolicies", 1]]) });
  const found = await samples(metrics);
  for (const name of [
    'pratique_admissions_total{entry="enforce",operation="CREATE",decision="deny",reason="Unsigned"}',
    'pratique_admissions_total{entry="templates",operation="UPDATE",decision="deny",reason="RegistryUnavailable"}',
    'pratique_admissions_total{entry="other",operation="other",decision="deny",reason="Overloaded"}',
    'pratique_admission_duration_seconds_count{entry="enforce",decision="deny"}',
    'pratique_registry_requests_total{registry="harbor.example.com",kind="manifest",status="error"}',
    'pratique_registry_requests_total{registry="other",kind="referrers",status="503"}',
    'pratique_registry_left_alone{registry="docker.io"}',
    'pratique_cache_lookups_total{cache="signatures",result="stale"}',
    'pratique_watch_restarts_total{resource="trustpolicies"}',
    'pratique_outage_admissions_total{resource_namespace=""}',
    'pratique_outage_admissions_total{resource_namespace="shop"}',
    "pratique_defects_total",
    "pratique_tls_handshake_failures_total",
  ]) {
    t.equal(found.get(name), "0", name);
  }
  t.ok(found.size < 500, "and there are not many of them");
  t.ok(Number(found.get("pratique_memory_limit_bytes")) > 0);
  labelled.clear();
  t.notOk((await samples(metrics)).has('pratique_outage_admissions_total{resource_namespace="shop"}'), "a namespace takes its zero along");
});

t.test("two sets of metrics do not know of each other", async (t) => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.inspected("found");
  t.ok((await samples(one)).has('pratique_inspections_total{result="found"}'));
  t.notOk((await samples(other)).has('pratique_inspections_total{result="found"}'));
});

t.test("docs/metrics.md and the code name the same metrics, types and labels", async (t) => {
  const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const table = [...page.matchAll(/^\| `(pratique_\w+)` \| (\w+) \| ([^|]*)\|/gm)];
  const documented = table.map(([, name, type, labels]) => [name, type, [...(labels ?? "").matchAll(/`(\w+)`/g)].map((label) => label[1])]);
  const metrics = createMetrics(new Set(["shop"]));
  const telemetry = new Telemetry(metrics, new Logs(createLogger("fatal")));
  feed(telemetry);
  metrics.read({ cacheBytes: () => new Map([["tags", 1]]), watchAges: () => new Map([["namespaces", 1]]) });
  metrics.read({ policies: () => [{ resource: "trustpolicies", ready: true, count: 2 }], isReady: () => true });
  const rows = (all: Iterable<unknown>) => [...all].map((row) => JSON.stringify(row)).toSorted(byText);
  t.same(rows(documented), rows(exposed(await metrics.render())));
  const known = new Set(documented.map(([name]) => name));
  for (const [, name] of page.matchAll(/\b(pratique_\w+?)(?:_bucket|_count|_sum)?\b/g)) t.ok(known.has(name), `${name} is in the table`);
});

function feed(telemetry: Telemetry): void {
  telemetry.admission(REVIEW);
  telemetry.violation(VIOLATION);
  telemetry.image({ uid: REVIEW.uid, level: "signed", verdict: "trusted", reason: "Signed", reference: "x", digest: parseDigest(`sha256:${"a".repeat(64)}`) });
  telemetry.outage({ uid: REVIEW.uid, namespace: "shop", references: ["x"] });
  telemetry.stale({ uid: REVIEW.uid, namespace: "shop", reference: "x", age: 61.4 });
  telemetry.defect(REVIEW.uid, new Error("a defect"));
  telemetry.inspected("found");
  telemetry.request("manifest", "x", 200, 1);
  telemetry.inFlight("x", 1);
  telemetry.leftAlone("x", 1);
  telemetry.leftAlone("x", -1);
  telemetry.lookup("tags", "hit");
  telemetry.watchRestarted("namespaces", new Error("gone"), 1);
  telemetry.secretIgnored("shop", "pull", "it is not JSON");
  telemetry.statusNotWritten(new Error("forbidden"));
  telemetry.credentialsKept(new Error("not JSON"));
  telemetry.refused({ status: 415, cause: undefined });
  telemetry.refused({ status: 500, cause: new Error("odd") });
  telemetry.handshakeFailed(new Error("bad certificate"));
  telemetry.certificateLoaded(new Date(0));
  telemetry.certificateKept(new Error("mismatch"));
  telemetry.certificateChanged("create", []);
  telemetry.certificateChanged("replace", ["ca.key is none"]);
  telemetry.caBundleWritten();
  telemetry.certificateTrust({ caExpires: new Date(0), entries: "trusting" });
  telemetry.certificateNotKept(new Error("forbidden"));
  telemetry.event("written");
  telemetry.eventsNotWritten(new Error("forbidden"));
  telemetry.leaseNotRenewed(new Error("forbidden"));
  telemetry.scanned(SCAN);
  telemetry.scanned({ ...SCAN, problems: ["the jobs of the cluster could not be listed"] });
  telemetry.scanFailed(new Error("a defect"));
}

function* exposed(text: string): Generator<[string, string, string[]]> {
  for (const [, name, type] of text.matchAll(/^# TYPE (pratique_\w+) (\w+)$/gm)) {
    const labels = new RegExp(`^${name}(?:_bucket)?(?:\\{([^}]*)\\})? `, "m").exec(text)?.[1] ?? "";
    const names = [...labels.matchAll(/(\w+)="/g)].map((label) => label[1] ?? "");
    yield [name ?? "", type ?? "", names.filter((label) => label !== "le")];
  }
}

interface Line {
  readonly level: string;
  readonly uid?: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

function capture(level: LogLevel) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger(level, destination);
  return { logger, text: () => lines.join(""), lines: () => lines.map((line) => JSON.parse(line) as Line) };
}

t.test("each line is JSON, and one on a request has its uid", async (t) => {
  const { logger, lines } = capture("trace");
  feed(new Telemetry(createMetrics(), new Logs(logger)));
  const written = lines();
  for (const line of written) {
    t.type(line.msg, "string");
    t.match(line.time, /^\d{4}-\d\d-\d\dT/);
  }
  const byUid = written.filter(({ uid }) => uid === REVIEW.uid).map(({ msg, level }) => [level, msg]);
  t.same(byUid, [
    ["info", "refused"],
    ["info", "violation"],
    ["debug", "judged"],
    ["warn", "admitted unchecked, in an outage"],
    ["warn", "passed by what was found earlier, since its registry cannot be reached"],
    ["error", "a defect: the request was judged as InternalError"],
  ]);
  t.match(written[0], { entry: "enforce", decision: "deny", reason: "Unsigned", namespace: "shop", name: "web", milliseconds: 42 });
  t.match(written.find(({ level }) => level === "error"), { err: { type: "Error", message: "a defect", stack: /^\s+at / } });
});

t.test("by default an admission writes nothing, a refusal and an audit finding one line", async (t) => {
  const { logger, lines } = capture("info");
  const telemetry = new Telemetry(createMetrics(), new Logs(logger));
  telemetry.admission({ ...REVIEW, decision: "allow", reason: "Admitted" });
  telemetry.admission({ ...REVIEW, decision: "allow", reason: "Skipped" });
  telemetry.violation({ ...VIOLATION, mode: "warn" });
  t.same(lines(), []);
  telemetry.admission(REVIEW);
  telemetry.violation(VIOLATION);
  t.equal(lines().length, 2);
});

t.test("no line holds a secret, whatever was thrown", async (t) => {
  const password = "hunter2";
  const auth = Buffer.from(`robot:${password}`).toString("base64");
  const pullSecret = JSON.stringify({ auths: { "registry.example.com": { username: "robot", password, auth, identitytoken: password } } });
  const { logger, text } = capture("trace");
  const telemetry = new Telemetry(createMetrics(), new Logs(logger));
  const faultOf = (document: string): unknown => {
    try {
      return JSON.parse(document);
    } catch (error) {
      return error;
    }
  };
  const rich = Object.assign(new Error("the request failed"), { headers: { authorization: `Basic ${auth}` }, body: pullSecret, options: { password } });
  const thrown: unknown[] = [
    faultOf(password),
    faultOf(pullSecret.slice(0, 80)),
    rich,
    new Error("outer", { cause: new Error("inner", { cause: rich }) }),
    new Error(`got 401 for Authorization: Basic ${auth}`),
    new Error(`Bearer ${password} was refused`),
    new Error(`connect https://robot:${password}@registry.example.com/`),
    new Error(`bad secret ${pullSecret}`),
    new AggregateError([rich], "several"),
    `a string with "password": "${password}"`,
    { password },
  ];
  for (const each of thrown) telemetry.defect("uid", each);
  telemetry.watchRestarted("namespaces", rich, 1);
  logger.info({ password, auth, data: pullSecret, request: { headers: { authorization: auth }, token: password } }, "careless");
  t.equal(text().split("\n").length, thrown.length + 3);
  t.notOk(text().includes(password));
  t.notOk(text().includes(auth));
  t.match(text(), /the request failed/);
});
