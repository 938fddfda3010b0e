// What is refused long after somebody typed `kubectl apply`: the words reach the object that its owner looks at.
import t, { type Test } from "tap";
import { createDeployment, enforce, makeNamespace } from "./harness/ask.ts";
import type { Manifest } from "./harness/cluster.ts";
import { startControllers } from "./harness/controllers.ts";
import { until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.controllers);

const SIGNED = "cosign3-bundle";
/** Signed, and asked about for the first time while its registry is away. */
const NEVER_SEEN = "cosign2-simple-signing";
const SECONDS = 60;

const world = await startWorld({ registries: ["plain"], images: ["unsigned", SIGNED, NEVER_SEEN] });
const { cluster } = world;
const controllers = await startControllers(cluster);
t.teardown(async () => {
  await controllers.kill();
  await world.stop();
});

const { host } = world.registry("plain");
const unsigned = `${host}/unsigned:1`;
const MESSAGE =
  `admission webhook "enforce.pratique.dev" denied the request: container "web": ${unsigned} (${world.digest("unsigned")}) is not signed (Unsigned): ` +
  `no cosign signature on ${world.digest("unsigned")}. Sign it with \`cosign sign ${host}/unsigned@${world.digest("unsigned")}\`.`;

interface Event {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

/** The message of the Event by which a controller tells that it could not create a Pod. */
async function failureOf(kind: string, namespace: string): Promise<string> {
  const ask = async (): Promise<string | undefined> => {
    const { body } = await cluster.call("GET", `/api/v1/namespaces/${namespace}/events`);
    const { items } = body as { readonly items: readonly Event[] };
    return items.find(({ reason, involvedObject }) => reason === "FailedCreate" && involvedObject.kind === kind)?.message;
  };
  return until(`${kind} in ${namespace} tells why it has no Pod`, ask, { evidence: () => controllers.output() });
}

async function podsIn(namespace: string): Promise<number> {
  const { body } = await cluster.call("GET", `/api/v1/namespaces/${namespace}/pods`);
  return (body as { readonly items: readonly unknown[] }).items.length;
}

const metadata = { name: "web", labels: { app: "web" } };
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: unsigned }] } };
const common = { selector: { matchLabels: { app: "web" } }, template };
// The node says nothing of its health, so it is tainted.
const atRest = { ...template, spec: { ...template.spec, nodeSelector: { "example.com/none": "true" }, tolerations: [{ operator: "Exists" }] } };

interface Case {
  /** Whose Event it is. */
  readonly teller: string;
  /** Made before the namespace enforces, and idle. */
  readonly workload: Manifest & { readonly spec: object };
  /** What wakes it, as a merge patch: no image of it changes, so nobody judges the workload. */
  readonly wake: object;
}

const CASES: readonly Case[] = [
  { teller: "ReplicaSet", workload: { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { ...common, replicas: 0 } }, wake: { replicas: 1 } },
  { teller: "StatefulSet", workload: { apiVersion: "apps/v1", kind: "StatefulSet", metadata, spec: { ...common, serviceName: "web", replicas: 0 } }, wake: { replicas: 1 } },
  { teller: "DaemonSet", workload: { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec: { ...common, template: atRest } }, wake: { template: { spec: { nodeSelector: null } } } },
  { teller: "Job", workload: { apiVersion: "batch/v1", kind: "Job", metadata, spec: { suspend: true, template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } } }, wake: { suspend: false } },
  { teller: "ReplicationController", workload: { apiVersion: "v1", kind: "ReplicationController", metadata, spec: { selector: { app: "web" }, replicas: 0, template } }, wake: { replicas: 1 } },
];

t.test("a workload from before the label: its Event shows the whole message", async (t) => {
  await cluster.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "node" } }, "");
  for (const { teller, workload, wake } of CASES) {
    const namespace = teller.toLowerCase();
    await makeNamespace(cluster, namespace, {});
    await cluster.apply(workload, namespace);
    await enforce(cluster, namespace, { enforce: "signed" });
    const { status, stderr } = await cluster.kubectl(["patch", workload.kind, "web", "-n", namespace, "--type=merge", "-p", JSON.stringify({ spec: wake })]);
    t.equal(status, 0, stderr);
  }
  for (const { teller } of CASES) {
    t.ok((await failureOf(teller, teller.toLowerCase())).includes(MESSAGE), teller);
    t.equal(await podsIn(teller.toLowerCase()), 0);
  }
});

t.test("a Deployment whose image is signed gets its Pods from the controllers", async (t) => {
  await makeNamespace(cluster, "signed", {});
  await enforce(cluster, "signed", { enforce: "signed" });
  await created(t, "signed", `${host}/${SIGNED}:1`);
  await until("its Pod is there", async () => ((await podsIn("signed")) === 1 ? true : undefined));
});

t.test("a Deployment whose registry was away comes up by itself when it is back", async (t) => {
  await makeNamespace(cluster, "away", {});
  await enforce(cluster, "away", { enforce: "signed" });
  await world.registry("plain").kill();
  // Its template could not be judged, so it is admitted; its Pods are not.
  await created(t, "away", `${host}/${NEVER_SEEN}:1`);
  const message = await failureOf("ReplicaSet", "away");
  t.match(message, /denied the request: container .* could not be checked/);
  t.notMatch(message, "is not signed");
  await world.registry("plain").restart();
  await until("its Pod is there", async () => ((await podsIn("away")) === 1 ? true : undefined));
});

t.test("an enforcing namespace is deleted with all that is in it", async (t) => {
  const { status, stderr } = await cluster.kubectl(["delete", "namespace", "signed", "replicaset", `--timeout=${SECONDS}s`]);
  t.equal(status, 0, stderr);
  for (const namespace of ["signed", "replicaset"]) t.equal((await cluster.call("GET", `/api/v1/namespaces/${namespace}`)).status, 404);
});

async function created(t: Test, namespace: string, image: string): Promise<void> {
  const { status, stderr } = await createDeployment(cluster, namespace, "web", image);
  t.equal(status, 0, stderr);
}
