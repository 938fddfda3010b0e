import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { json, text } from "node:stream/consumers";
import t, { type Test } from "tap";

import { type App, type AppOptions, createApp } from "../src/app.ts";
import { parseConfig } from "../src/config.ts";
import { ApiServerDouble } from "./helpers/api-server-double.ts";
import { loopbackCertificate } from "./helpers/certificates.ts";
import { signLegacy } from "./helpers/cosign.ts";
import { imageManifest, push } from "./helpers/images.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "./helpers/registry-double.ts";
import { ALL_POLICIES, CLUSTER_POLICIES, clusterPolicy } from "./helpers/policy-objects.ts";
import { minimalReview, type Review } from "./helpers/reviews.ts";
import { generateSigningKey } from "./helpers/signing-key.ts";
import { until } from "./helpers/until.ts";

const tls = await loopbackCertificate();
const certificate = t.testdir({ "tls.crt": tls.cert, "tls.key": tls.key });
const key = generateSigningKey();

interface Fixture {
  readonly app: App;
  readonly port: number;
  readonly metrics: (name: string) => Promise<readonly string[]>;
  readonly lines: () => readonly Record<string, unknown>[];
  readonly log: () => string;
}

function sink() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const log = (): string => chunks.join("");
  return { stream, log, lines: () => log().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>) };
}

function build(t: Test, yaml: string, options: Partial<AppOptions> = {}) {
  const files = yaml.includes("tls:") ? "" : `tls: {certFile: "${certificate}/tls.crt", keyFile: "${certificate}/tls.key"}\n`;
  const base = `listen: 127.0.0.1:0\nmetricsListen: 127.0.0.1:0\ndrainSeconds: 0\n${files}`;
  const { stream, log, lines } = sink();
  const app = createApp(parseConfig(base + yaml, "pratique.yaml"), { cluster: { kind: "default" }, env: {}, logs: stream, ...options });
  t.teardown(() => app.stop());
  return { app, log, lines };
}

async function start(t: Test, yaml: string, options: Partial<AppOptions> = {}): Promise<Fixture> {
  const built = build(t, yaml, options);
  const { webhook, metrics } = await built.app.start();
  const read = async (name: string): Promise<readonly string[]> => {
    const [response] = await once(httpRequest({ host: "127.0.0.1", port: metrics?.port, path: "/metrics" }).end(), "response");
    return (await text(response)).split("\n").filter((line) => line.startsWith(name));
  };
  return { ...built, port: webhook.port, metrics: read };
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly kind: string;
    readonly response: { readonly uid: string; readonly allowed: boolean; readonly warnings?: readonly string[]; readonly status?: { readonly code: number; readonly message: string } };
  };
}

const agent = new Agent({ keepAlive: true, ca: tls.ca });
t.teardown(() => agent.destroy());

async function call(port: number, path: string, review?: Review, over = agent): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const request = httpsRequest({ host: "127.0.0.1", port, agent: over, path, method: review === undefined ? "GET" : "POST", headers });
  request.end(review && JSON.stringify(review));
  const [response] = await once(request, "response");
  const isJson = String(response.headers["content-type"]).startsWith("application/json");
  return { status: response.statusCode, body: isJson ? await json(response) : await text(response) } as Answer;
}

function reviewOf(image: string, namespace = "shop"): Review {
  const review = minimalReview(image);
  return { ...review, request: { ...review.request, namespace } };
}

async function registry(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble> {
  const double = await startRegistry(options);
  t.teardown(() => double.close());
  const signed = push(double, "shop/web", imageManifest({ seed: "signed" }), "signed");
  signLegacy(double, "shop/web", signed, { key });
  push(double, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  return double;
}

const allow = (double: RegistryDouble): string => `registries: [{host: "${double.host}", plainHTTP: true, allowPrivate: true}]\n`;

t.test("a thousand admissions at once over ten images from ten namespaces are ten inspections", async (t) => {
  const double = await registry(t);
  const images = Array.from({ length: 10 }, (_, i) => `shared/image-${i}`);
  for (const name of images) signLegacy(double, name, push(double, name, imageManifest({ seed: name }), "1"), { key });
  const namespaces = Array.from({ length: 10 }, (_, i) => `team-${i}`);
  const { port, metrics } = await start(t, `${allow(double)}namespaces: {${namespaces.map((name) => `${name}: {pratique.dev/enforce: signed}`).join(", ")}}\ncache: {tagSeconds: 3600}`);
  // A thousand handshakes at once would measure this machine; what waits for a connection is asked as soon as one is free.
  const crowd = new Agent({ keepAlive: true, ca: tls.ca, maxSockets: 100 });
  t.teardown(() => crowd.destroy());
  double.reset();
  const asked = Array.from({ length: 1000 }, (_, i) => reviewOf(`${double.host}/${images[i % 10]}:1`, namespaces[Math.floor(i / 10) % 10]));
  const answers = await Promise.all(asked.map((review) => call(port, "/validate/enforce?timeout=30s", review, crowd)));
  t.equal(answers.filter(({ body }) => body.response.allowed).length, 1000);
  t.same(await metrics('pratique_inspections_total{result="found"}'), ['pratique_inspections_total{result="found"} 10']);
  t.equal(double.requests.length, 50, "five for each image, as for one admission alone");
});

t.test("without a cluster: reviews over TLS are judged by the configuration's namespaces", async (t) => {
  const double = await registry(t);
  const { app, port, metrics, lines } = await start(
    t,
    `${allow(double)}signed: {repositories: ["${double.host}/**"]}\nnamespaces: {shop: {pratique.dev/enforce: signed}, warned: {pratique.dev/warn: signed}}`,
  );
  await app.ready;
  t.match(await call(port, "/readyz"), { status: 200 });
  t.match(await call(port, "/validate/enforce?timeout=10s", reviewOf(`${double.host}/shop/web:signed`)), { status: 200, body: { response: { allowed: true } } });
  const refused = await call(port, "/validate/enforce?timeout=10s", reviewOf(`${double.host}/shop/web:unsigned`));
  t.match(refused, { status: 200, body: { response: { allowed: false, status: { code: 403, message: /container "\w+": .*shop\/web:unsigned .* is not signed \(Unsigned\)/ } } } });
  t.match(await call(port, "/validate", reviewOf(`${double.host}/shop/web:unsigned`, "warned")), { body: { response: { allowed: true, warnings: [/Unsigned/] } } });
  t.match(await call(port, "/validate", reviewOf(`${double.host}/shop/web:unsigned`, "elsewhere")), { body: { response: { allowed: true } } });
  t.match(await call(port, "/validate/enforce", reviewOf("registry.example.com/shop/web:1")), { body: { response: { allowed: false, status: { message: /RepositoryNotTrusted/ } } } });

  const happened = (await metrics("pratique_admissions_total{")).filter((line) => !line.endsWith(" 0"));
  t.same(happened, [
    'pratique_admissions_total{entry="enforce",operation="CREATE",decision="deny",reason="RepositoryNotTrusted"} 1',
    'pratique_admissions_total{entry="enforce",operation="CREATE",decision="deny",reason="Unsigned"} 1',
    'pratique_admissions_total{entry="enforce",operation="CREATE",decision="allow",reason="Admitted"} 1',
    'pratique_admissions_total{entry="observe-warn",operation="CREATE",decision="allow",reason="Admitted"} 1',
    'pratique_admissions_total{entry="observe-audit",operation="CREATE",decision="allow",reason="Admitted"} 1',
  ]);
  t.ok((await metrics("pratique_violations_total{")).includes('pratique_violations_total{mode="enforce",level="signed",reason="Unsigned",resource_namespace="shop"} 1'));
  t.match((await metrics("pratique_registry_requests_total{")).join("\n"), new RegExp(`registry="${double.host}",kind="manifest",status="200"`));
  t.match((await metrics("pratique_cache_bytes{")).join("\n"), /cache="signatures"\} [1-9]/);
  t.same(await metrics("pratique_registry_in_flight{"), [double.host, "other"].map((host) => `pratique_registry_in_flight{registry="${host}"} 0`));
  t.same(await metrics("pratique_ready"), ["pratique_ready 1"]);
  t.same(await metrics("pratique_admission_budget_seconds"), ["pratique_admission_budget_seconds 8"]);
  t.match((await metrics("pratique_certificate_expiry_timestamp_seconds ")).join(), / \d{10}$/);
  t.same(await metrics("pratique_watch_age_seconds{"), []);
  const uid = reviewOf("").request.uid;
  t.match(lines().filter((line) => line["uid"] === uid), [{ msg: "refused", reason: "Unsigned", level: "info" }, { msg: "refused", reason: "RepositoryNotTrusted" }]);
  t.same(lines().filter(({ level }) => level === "warn"), [], "the repositories are named, so there is nothing to warn of");
});

t.test("with `**` the author of a Pod chooses the registry, and the start says so", async (t) => {
  const { lines } = await start(t, "namespaces: {}");
  t.match(lines()[0], { level: "warn", msg: /author of a Pod chooses the registry/ });
});

t.test("with a certificate of our own: probes are answered at once, and it is ready when the API server trusts what it serves", async (t) => {
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  const secrets = "/api/v1/namespaces/pratique-system/secrets";
  const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  for (const collection of ["/api/v1/namespaces", CLUSTER_POLICIES, ALL_POLICIES, configurations]) cluster.serve(collection);
  cluster.put(secrets, { metadata: { name: "pratique-certificate" }, type: "Opaque" });
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig() }), "kubeconfig");
  cluster.fault = ({ path }) => (path === secrets ? { status: 503, body: {} } : undefined);
  const managed = "tls: {managed: {secretName: pratique-certificate, serviceName: pratique, webhookConfigurationName: pratique}}";
  const { app, port, metrics, log } = await start(t, managed, { cluster: { kind: "kubeconfig", file: kubeconfig } });
  const trusting = (ca: string | undefined) => new Agent(ca === undefined ? { rejectUnauthorized: false } : { ca, servername: "pratique.pratique-system.svc" });
  t.match(await call(port, "/livez", undefined, trusting(undefined)), { status: 200 }, "the kubelet trusts anything");
  t.match(await call(port, "/readyz", undefined, trusting(undefined)), { status: 503 });
  t.same(await metrics("pratique_certificate_expiry"), [], "nothing is served that could expire");

  cluster.fault = () => undefined;
  cluster.put(configurations, { metadata: { name: "pratique" }, webhooks: [{ name: "enforce.pratique.dev", clientConfig: { service: { namespace: "pratique-system", name: "pratique" } } }] });
  await app.ready;
  const { webhooks } = cluster.object(configurations, "pratique") as unknown as { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle: string } }[] };
  const bundle = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
  t.match(await call(port, "/readyz", undefined, trusting(bundle)), { status: 200 }, "a handshake that checks name and CA");
  t.same(await metrics("pratique_certificate_trusted"), ["pratique_certificate_trusted 1"]);
  t.match((await metrics("pratique_certificate_changes_total")).join("\n"), /change="create"\} 1\n.*change="trust"\} 1/);
  t.notMatch(log(), /PRIVATE KEY/);
});

t.test("with a cluster: labels from the watch, credentials from pull secrets that no log line shows", async (t) => {
  const password = "correct-horse-battery";
  const double = await registry(t, { auth: { kind: "basic", accounts: { robot: { password, repositories: ["**"] } } } });
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  const labelled = (name: string, labels: object) => ({ kind: "Namespace", metadata: { name, labels } });
  cluster.put("/api/v1/namespaces", labelled("shop", { "pratique.dev/enforce": "signed" }));
  const auth = Buffer.from(`robot:${password}`).toString("base64");
  const secret = (name: string, document: string) =>
    cluster.put("/api/v1/namespaces/shop/secrets", {
      metadata: { name },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(document).toString("base64") },
    });
  secret("good", JSON.stringify({ auths: { [double.host]: { auth } } }));
  secret("broken", `{"auths": {"${double.host}": {"username": "robot", "password": "${password}"`);
  cluster.put("/api/v1/namespaces/shop/serviceaccounts", { metadata: { name: "default" } });
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig({ token: "token-of-the-account" }) }), "kubeconfig");
  const { app, port, metrics, lines, log } = await start(t, `${allow(double)}logLevel: trace`, { cluster: { kind: "kubeconfig", file: kubeconfig } });
  await app.ready;
  const withSecret = (name: string): Review => {
    const review = reviewOf(`${double.host}/shop/web:signed`);
    const pod = review.request.object as { readonly spec: object };
    return { ...review, request: { ...review.request, object: { ...pod, spec: { ...pod.spec, imagePullSecrets: [{ name }] } } } };
  };
  const allowed = async (review: Review): Promise<boolean> => (await call(port, "/validate/enforce", review)).body.response.allowed;
  t.equal(await allowed(withSecret("broken")), false);
  t.equal(await allowed(reviewOf(`${double.host}/shop/web:signed`)), false, "without a pull secret there is no access");
  t.equal(await allowed(withSecret("good")), true);
  t.match(lines().find(({ pullSecret }) => pullSecret === "broken"), { level: "warn", namespace: "shop" });
  for (const word of [password, auth, "token-of-the-account"]) t.notOk(log().includes(word), "no secret is in the log");
  t.match((await metrics("pratique_watch_age_seconds{")).join(), /resource="namespaces"\} \d/);
  t.match((await metrics("pratique_violations_total{")).join("\n"), /namespace="shop"/);

  const watch = await cluster.watches.next();
  cluster.put("/api/v1/namespaces", labelled("shop", {}));
  watch.bookmark();
  while ((await metrics("pratique_violations_total{")).some((line) => line.includes('namespace="shop"'))) await new Promise(setImmediate);
  t.pass("the namespace has lost its labels and its series");
});

t.test("a namespace that may be let in unchecked is counted from zero, where a registry may be missing too", async (t) => {
  const namespaces = "namespaces: {shop: {pratique.dev/on-outage: allow}, bank: {pratique.dev/enforce: signed}, plain: {}}\ndefaults: {onOutage: allow}\n";
  const named = async (registries: string): Promise<readonly string[]> => {
    const { metrics } = await start(t, `${namespaces}${registries}`);
    return (await metrics("pratique_outage_admissions_total{")).toSorted();
  };
  const zero = (namespace: string) => `pratique_outage_admissions_total{resource_namespace="${namespace}"} 0`;
  t.same(await named("registries: [{host: a.b}]"), [zero("")]);
  t.same(await named("registries: [{host: a.b, onOutage: allow}]"), ["", "bank", "shop"].map(zero), "those with a label of ours");
});

t.test("reviews are answered while the API server takes no write", async (t) => {
  const double = await registry(t);
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  const LEASES = "/apis/coordination.k8s.io/v1/namespaces/pratique-system/leases";
  cluster.serve(ALL_POLICIES);
  cluster.put(LEASES, { metadata: { name: "pratique-policy-status" } });
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "shop", labels: { "pratique.dev/enforce": "verified" } } });
  cluster.put(CLUSTER_POLICIES, clusterPolicy("release", { data: key.publicKey }));
  const held = Promise.withResolvers<void>();
  cluster.fault = ({ kind }) => {
    if (kind !== "write") return undefined;
    held.resolve();
    return "hang";
  };
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig() }), "kubeconfig");
  const { app, port } = await start(t, allow(double), { cluster: { kind: "kubeconfig", file: kubeconfig } });
  await app.ready;
  await held.promise;
  t.match(await call(port, "/validate/enforce", reviewOf(`${double.host}/shop/web:signed`)), { body: { response: { allowed: true } } });
  t.match(await call(port, "/validate/enforce", reviewOf(`${double.host}/shop/web:unsigned`)), { body: { response: { allowed: false } } });
});

t.test("what runs is scanned by whoever has the Lease, and Events are written where they are asked for", async (t) => {
  const double = await registry(t);
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  const EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events";
  const kinds = ["/api/v1/pods", "/api/v1/podtemplates", "/api/v1/replicationcontrollers", ...["daemonsets", "deployments", "replicasets", "statefulsets"].map((name) => `/apis/apps/v1/${name}`), "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs"];
  for (const path of [EVENTS, ...kinds]) cluster.serve(path);
  for (const name of ["pratique-policy-status", "pratique-audit"]) cluster.put("/apis/coordination.k8s.io/v1/namespaces/pratique-system/leases", { metadata: { name } });
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "shop", labels: { "pratique.dev/enforce": "signed" } } });
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "idle" } });
  const pod = (name: string, namespace: string) => cluster.put(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name, namespace, uid: name }, spec: { containers: [{ name: "web", image: `${double.host}/shop/web:unsigned` }] } });
  pod("old", "shop");
  pod("unasked", "idle");
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig() }), "kubeconfig");
  const begin = (audit: string) => start(t, `${allow(double)}audit: ${audit}\n`, { cluster: { kind: "kubeconfig", file: kubeconfig } });
  const events = () => cluster.requests.filter(({ kind, path }) => kind === "write" && path === EVENTS).map(({ body }) => body);

  const quiet = await begin("{}");
  await quiet.app.ready;
  await call(quiet.port, "/validate/enforce", reviewOf(`${double.host}/shop/web:unsigned`));
  await quiet.app.stop();
  t.same([events(), cluster.requests.filter(({ path }) => path === "/api/v1/pods")], [[], []], "nothing of it by default");

  const { app, port, metrics, lines } = await begin("{scanMinutes: 60, admissionEvents: true}");
  await app.ready;
  await until(() => events().length === 1);
  t.match(events(), [{ reason: "Unsigned", action: "Scan", regarding: { kind: "Pod", name: "old" } }]);
  t.same(await metrics("pratique_audit_images{"), ['pratique_audit_images{resource_namespace="shop",verdict="untrusted",reason="Unsigned"} 1']);
  t.match(lines().find(({ msg }) => msg === "scanned"), { level: "info", images: 1 });
  await call(port, "/validate/enforce", reviewOf(`${double.host}/shop/web:unsigned`));
  await until(() => events().length === 2);
  t.match(events()[1], { reason: "Unsigned", action: "Refuse" });
  await app.stop();
});

t.test("readiness waits for the first list, and reviews are answered before it", async (t) => {
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "shop", labels: { "pratique.dev/enforce": "signed" } } });
  cluster.fault = ({ kind }) => (kind === "list" ? "hang" : undefined);
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig() }), "kubeconfig");
  const { app, port } = await start(t, "", { cluster: { kind: "kubeconfig", file: kubeconfig } });
  t.match(await call(port, "/readyz"), { status: 503 });
  t.match(await call(port, "/livez"), { status: 200 });
  t.match(await call(port, "/validate/enforce", reviewOf("!")), { status: 200, body: { response: { allowed: false } } });
  await app.stop();
});

t.test("a stopping server still judges, fails its readiness, and then is gone", async (t) => {
  const double = await registry(t);
  const { app, port, lines } = await start(t, `${allow(double)}namespaces: {shop: {pratique.dev/enforce: signed}}\n`);
  await app.ready;
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  double.fault(/manifests\/unsigned$/, async ({ response, usual }) => {
    asked.resolve();
    await held.promise;
    response.writeHead(usual.status, usual.headers);
    response.end(usual.body);
  });
  const answer = call(port, "/validate/enforce", reviewOf(`${double.host}/shop/web:unsigned`));
  await asked.promise;
  const stopped = app.stop();
  t.equal(app.stop(), stopped, "stopping twice is stopping once");
  held.resolve();
  t.match(await answer, { status: 200, body: { response: { allowed: false } } });
  await stopped;
  await t.rejects(call(port, "/livez"), { code: "ECONNREFUSED" });
  t.match(lines().at(-1), { msg: "stopped" });
});

t.test("what keeps it from starting is named, and nothing stays open", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const dir = t.testdir({ "config.json": "{", "pratique.yaml": "" });
  for (const [yaml, words, options] of [
    [`namespaces: {}\nregistries: [{host: registry.example.com, caFile: ${dir}/absent}]`, /caFile of registry registry\.example\.com cannot be read/],
    [`namespaces: {}\nregistries: [{host: registry.example.com, dockerConfigFile: ${dir}/config.json}]`, /config\.json: the docker config is not JSON/],
    ["", /kubeconfig .*absent cannot be read/, { cluster: { kind: "kubeconfig", file: `${dir}/absent` } }],
  ] as const) {
    await t.rejects(build(t, yaml, options ?? {}).app.start(), { message: words });
  }
  const config = parseConfig(`namespaces: {}\nlisten: 127.0.0.1:${port}\nmetricsListen: 127.0.0.1:0\ntls: {certFile: ${dir}/pratique.yaml, keyFile: x}`, "x");
  await t.rejects(createApp(config, { cluster: { kind: "default" }, env: {}, logs: sink().stream }).start(), { code: "Unreadable" });
  const busy = parseConfig(`namespaces: {}\nlisten: 127.0.0.1:${port}\nmetricsListen: 127.0.0.1:0\ntls: {certFile: ${certificate}/tls.crt, keyFile: ${certificate}/tls.key}`, "x");
  await t.rejects(createApp(busy, { cluster: { kind: "default" }, env: {}, logs: sink().stream }).start(), { code: "EADDRINUSE" });
});
