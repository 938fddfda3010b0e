// `pratique audit` on a cluster: who owns what, what drifted, and with which rights. No kubelet runs, so Pods get their status here.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse, stringify } from "yaml";
import { createPod, enforce, makeNamespace } from "./harness/ask.ts";
import { dockerConfigJson } from "./harness/author.ts";
import { RELEASE_NAMESPACE } from "./harness/chart.ts";
import type { Manifest } from "./harness/cluster.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { execute, type Outcome, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

interface Document {
  readonly images: readonly { readonly namespace: string; readonly owner: { readonly kind: string; readonly name: string }; readonly reference: string; readonly reason: string }[];
  readonly namespaces: readonly object[];
  readonly problems: readonly string[];
}

interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}

t.plan(PLANS.audit);

const world = await startWorld({
  registries: ["referrers", "htpasswd"],
  images: ["unsigned", "index-recursive-cosign3", "cosign3-bundle"],
  settings: () => ({ audit: { scanMinutes: 0.1, admissionEvents: true } }),
});
t.teardown(() => world.stop());
const { cluster, pratique } = world;
const [open, closed] = [world.registry("referrers"), world.registry("htpasswd")];
const INDEX = `${open.host}/index-recursive-cosign3:1`;
const UNSIGNED = `${open.host}/unsigned:1`;
const PRIVATE = `${closed.host}/cosign3-bundle:1`;
const config = await world.folder.write("audit.yaml", stringify({ registries: [open, closed].map(registrySettings), exemptions: { namespaces: [RELEASE_NAMESPACE] } }));
const administrator = join(cluster.folder.path, "admin.kubeconfig");

const APPS = "apis/apps/v1";
const BATCH = "apis/batch/v1";
const template = (image: string): object => ({ metadata: { labels: { app: "web" } }, spec: { restartPolicy: "Always", containers: [{ name: "web", image }] } });
const selected = (image: string): object => ({ selector: { matchLabels: { app: "web" } }, template: template(image) });
const job = (image: string): object => ({ template: { spec: { restartPolicy: "Never", containers: [{ name: "web", image }] } } });

for (const name of ["shop", "office"]) await makeNamespace(cluster, name, { warn: "signed" });
const deployment = await create(`${APPS}/namespaces/shop/deployments`, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: selected(INDEX) });
const revision = await create(`${APPS}/namespaces/shop/replicasets`, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web-5c9" }, spec: { ...selected(INDEX), replicas: 2 } }, deployment);
await create(`${APPS}/namespaces/shop/replicasets`, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web-old" }, spec: { ...selected(UNSIGNED), replicas: 0 } }, deployment);
await runPod("web-5c9-a", { owner: revision, image: INDEX, imageID: `${open.host}/index-recursive-cosign3@${world.digest("index-recursive-cosign3/linux/arm64")}` });
await runPod("web-5c9-b", { owner: revision, image: INDEX, imageID: `docker-pullable://${open.host}/index-recursive-cosign3@${world.digest("unsigned")}` });
await runPod("web-5c9-c", { owner: revision, image: INDEX, imageID: world.digest("unsigned") });
const cronJob = await create(`${BATCH}/namespaces/shop/cronjobs`, { apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "report" }, spec: { schedule: "0 4 * * *", jobTemplate: { spec: job(PRIVATE) } } });
const running = await create(`${BATCH}/namespaces/shop/jobs`, { apiVersion: "batch/v1", kind: "Job", metadata: { name: "report-1" }, spec: job(PRIVATE) }, cronJob);
await runPod("report-1-x", { owner: running, image: PRIVATE, imageID: `${closed.host}/cosign3-bundle@${world.digest("cosign3-bundle")}` });
await runPod("api-7d-x", { owner: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: { name: "api", uid: "6f1b0ad1-9c25-4d52-8a0e-6c2f0e9bb001" } }, image: INDEX, imageID: "" });
await cluster.apply(
  { apiVersion: "v1", kind: "Secret", metadata: { name: "pull" }, type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": Buffer.from(dockerConfigJson([closed])).toString("base64") } } as Manifest,
  "shop",
);
await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" }, imagePullSecrets: [{ name: "pull" }] } as Manifest, "shop");

t.test("owners above their Pods, drift, and what the pull secrets of a service account open", async (t) => {
  const { status, stderr, document } = await auditJson(["-n", "shop"]);
  t.same([status, stderr], [0, ""]);
  const isWell = { namespace: "shop", level: "signed", verdict: "trusted", reason: "Signed" };
  t.match(document.images, [
    { ...isWell, owner: { apiVersion: "batch/v1", kind: "CronJob", name: "report" }, reference: PRIVATE, digest: world.digest("cosign3-bundle"), pods: 1, drift: [] },
    {
      ...isWell,
      owner: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      reference: INDEX,
      digest: world.digest("index-recursive-cosign3"),
      pods: 3,
      drift: [{ digest: world.digest("unsigned"), pods: 1, example: "web-5c9-b" }],
    },
    { ...isWell, owner: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "api" }, reference: INDEX, drift: [] },
  ]);
  t.equal(document.images.length, 3, "an old revision without replicas runs nothing");
  t.same(document.namespaces, [{ namespace: "shop", level: "signed", by: "warn", trusted: 3, untrusted: 0, undetermined: 0, exempt: 0, drifted: 1 }]);
});

t.test("the whole cluster, and something in it that would be refused", async (t) => {
  await cluster.apply({ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent" }, spec: selected(UNSIGNED) } as Manifest, "office");
  const { status, document } = await auditJson(["-A"]);
  t.equal(status, 1);
  t.match(document.images[0], { namespace: "office", owner: { kind: "DaemonSet", name: "agent" }, reference: UNSIGNED, verdict: "untrusted", reason: "Unsigned", pods: 0 });
  const { stdout } = await audit(["-A"]);
  t.match(stdout, /\n {2}✗ DaemonSet agent: .*\n {4}untrusted, Unsigned: .*\n {4}Next: Sign it with `cosign sign /);
  t.match(stdout, /\nNAMESPACE +LEVEL +TRUSTED +UNTRUSTED +UNDETERMINED +EXEMPT +DRIFTED\noffice +signed +0 +1 +0 +0 +0\npratique-system +- +0 +0 +0 +1 +0\nshop +signed +3 +0 +0 +0 +1\n/);
  const verified = await auditJson(["-A", "--level", "verified"]);
  t.same([verified.status, ...new Set(verified.document.images.map(({ reason }) => reason))], [1, "NoPolicy", "ExemptNamespace"]);
});

t.test("the role of docs/audit.md is enough, and without it the answer says what to grant", async (t) => {
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "auditor" } }, "office");
  const { stdout: token } = await cluster.kubectl(["create", "token", "auditor", "-n", "office", "--duration=1h"]);
  const kubeconfig = await cluster.kubeconfig("auditor", token.trim());
  const before = await audit(["-A", "--output", "json"], kubeconfig);
  t.equal(before.status, 2);
  t.match(before.stderr, /not looked at: the deployments of the cluster could not be listed: .*grant list on deployments\.apps/);
  const page = readFileSync(join(CHECKOUT, "docs/audit.md"), "utf8");
  const role = parse(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? "") as Manifest;
  await cluster.apply(role, "");
  const binding = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "auditor" }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name }, subjects: [{ kind: "ServiceAccount", name: "auditor", namespace: "office" }] };
  await cluster.apply(binding, "");
  for (const level of ["signed", "verified"]) {
    const [granted, all] = await Promise.all([audit(["-A", "--level", level, "--output", "json"], kubeconfig), audit(["-A", "--level", level, "--output", "json"])]);
    t.same([granted.status, granted.stderr, granted.stdout], [all.status, "", all.stdout], `at level ${level} it sees what an administrator sees`);
  }
});

t.test("scans are metrics, and Events beside the owners that grow when they come again", async (t) => {
  await cluster.apply({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "store" }, spec: { ...selected(UNSIGNED), serviceName: "store" } } as Manifest, "office");
  const found = await eventOf("office", "StatefulSet", ({ action }) => action === "Scan");
  t.match(found, { type: "Warning", reason: "Unsigned", regarding: { apiVersion: "apps/v1", name: "store", namespace: "office", uid: /./ }, note: /unsigned:1 .* is not signed \(Unsigned\): .*Sign it with/, reportingController: "pratique.dev/pratique" });
  t.equal(await pratique.metric("pratique_audit_images", { resource_namespace: "office", verdict: "untrusted", reason: "Unsigned" }) > 0, true);
  // A scan from before the service account had its pull secret knows of none for half a minute.
  const trusted = () => pratique.metric("pratique_audit_images", { resource_namespace: "shop", verdict: "trusted" });
  await until("all images of the shop are trusted", async () => ((await trusted()) === 3 ? true : undefined), { evidence: () => pratique.output() });
  t.equal(await pratique.metric("pratique_audit_drifted_images", { resource_namespace: "shop" }), 1);
  t.match(await eventOf("shop", "Deployment", ({ reason }) => reason === "Drifted"), { note: /Pods run sha256:/ });
  const again = await eventOf("office", "StatefulSet", ({ series }) => (series?.count ?? 0) > 1, 120);
  t.equal(again.metadata.name, found.metadata.name);
  t.equal(await pratique.metric("pratique_events_total", { result: "failed" }), 0, pratique.output());
});

t.test("a refusal and an audit violation are Events, and a dry run is none", async (t) => {
  await makeNamespace(cluster, "strict", { enforce: "signed" });
  await enforce(cluster, "strict", { enforce: "signed" });
  await makeNamespace(cluster, "watched", { audit: "signed" });
  const rehearsed = await createPod(cluster, "strict", UNSIGNED, { name: "rehearsed", flags: ["--dry-run=server"] });
  t.match(rehearsed.stderr, /denied the request: .*\(Unsigned\)/, "it is judged all the same");
  t.match((await createPod(cluster, "strict", UNSIGNED, { name: "web" })).stderr, /denied the request/);
  t.match(await eventOf("strict", "Pod", ({ regarding }) => regarding.name === "web"), { action: "Refuse", reason: "Unsigned", note: /^container "web": / });
  t.equal((await createPod(cluster, "watched", UNSIGNED, { name: "web" })).status, 0);
  t.match(await eventOf("watched", "Pod", ({ action }) => action === "Audit"), { regarding: { name: "web" }, reason: "Unsigned" });
  t.same((await eventsIn("strict")).filter(({ regarding }) => regarding.name === "rehearsed"), []);
});

interface Event {
  readonly metadata: { readonly name: string };
  readonly action: string;
  readonly reason: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number };
}

async function eventsIn(namespace: string): Promise<readonly Event[]> {
  const { body } = await cluster.call("GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
  return (body as { readonly items: readonly Event[] }).items;
}

function eventOf(namespace: string, kind: string, isIt: (event: Event) => boolean, seconds = 40): Promise<Event> {
  const find = async (): Promise<Event | undefined> => (await eventsIn(namespace)).find((event) => event.regarding.kind === kind && isIt(event));
  return until(`there is an Event about a ${kind} of ${namespace}`, find, { seconds, evidence: () => pratique.output() });
}

async function create(collection: string, object: object, owner?: Stored): Promise<Stored> {
  const controlled = owner === undefined ? object : { ...object, metadata: { ...(object as Stored).metadata, ownerReferences: [referenceTo(owner)] } };
  const { status, body } = await cluster.call("POST", `/${collection}`, controlled);
  if (status !== 201) throw new Error(`it is not accepted: ${JSON.stringify(body)}`);
  return body as Stored;
}

function referenceTo({ apiVersion, kind, metadata: { name, uid } }: Stored): object {
  return { apiVersion, kind, name, uid, controller: true };
}

async function runPod(name: string, { owner, image, imageID }: { readonly owner: Stored; readonly image: string; readonly imageID: string }): Promise<void> {
  const pod = await create("api/v1/namespaces/shop/pods", { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers: [{ name: "web", image }] } }, owner);
  const state = { running: { startedAt: "2026-11-25T12:00:00Z" } };
  const status = { phase: "Running", containerStatuses: [{ name: "web", image, imageID, ready: true, restartCount: 0, state }] };
  const answer = await cluster.call("PATCH", `/api/v1/namespaces/shop/pods/${name}/status?fieldManager=kubelet&force=true`, { apiVersion: pod.apiVersion, kind: pod.kind, metadata: { name }, status });
  if (answer.status !== 200) throw new Error(`the status is not accepted: ${JSON.stringify(answer.body)}`);
}

function audit(args: readonly string[], kubeconfig = administrator): Promise<Outcome> {
  return execute(process.execPath, [join(CHECKOUT, "src/main.ts"), "audit", "--config", config, "--kubeconfig", kubeconfig, ...args], { env: { HOME: world.folder.path } });
}

async function auditJson(args: readonly string[]): Promise<Outcome & { readonly document: Document }> {
  const outcome = await audit([...args, "--output", "json"]);
  return { ...outcome, document: JSON.parse(outcome.stdout) as Document };
}
