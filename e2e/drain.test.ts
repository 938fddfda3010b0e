// Nodes can be drained, whatever the Pods of Pratique are up to: evictions on a real API server, with the controllers that count.
import t from "tap";
import { type KubernetesObject, RELEASE, RELEASE_NAMESPACE, renderChart } from "./harness/chart.ts";
import { startCluster } from "./harness/cluster.ts";
import { startControllers } from "./harness/controllers.ts";
import { until } from "./harness/process.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.drain);

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const controllers = await startControllers(cluster);
t.teardown(() => controllers.kill());
await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE_NAMESPACE } }, "");

const PODS = `/api/v1/namespaces/${RELEASE_NAMESPACE}/pods`;
const KINDS: ReadonlySet<string> = new Set(["Deployment", "PodDisruptionBudget", "ResourceQuota", "ServiceAccount"]);

async function install(values: object): Promise<void> {
  const items = (await renderChart(values)).filter(({ kind }) => KINDS.has(kind));
  const { status, stderr } = await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  if (status !== 0) throw new Error(stderr);
}

/** The names of the Pods, once there are so many. */
function pods(count: number): Promise<readonly string[]> {
  const ask = async () => {
    const { body } = await cluster.call("GET", PODS);
    const names = (body as { readonly items: readonly KubernetesObject[] }).items.map(({ metadata }) => metadata.name);
    return names.length === count ? names : undefined;
  };
  return until(`there are ${count} Pods`, ask, { evidence: () => controllers.output() });
}

/** Says what a kubelet would: that it runs, and whether it is ready. */
async function runs(name: string, ready: "True" | "False"): Promise<void> {
  const status = { phase: "Running", conditions: [{ type: "Ready", status: ready }] };
  const patched = await cluster.kubectl(["patch", "pod", name, "-n", RELEASE_NAMESPACE, "--subresource=status", "--type=strategic", "-p", JSON.stringify({ status })]);
  if (patched.status !== 0) throw new Error(patched.stderr);
}

/** Waits until the budget has counted, and allows so many evictions. */
function allowed(disruptions: number, healthy: number): Promise<true> {
  const ask = async (): Promise<true | undefined> => {
    const { body } = await cluster.call("GET", `/apis/policy/v1/namespaces/${RELEASE_NAMESPACE}/poddisruptionbudgets/${RELEASE}`);
    const { status } = body as { readonly status?: { readonly disruptionsAllowed: number; readonly currentHealthy: number } };
    return status?.disruptionsAllowed === disruptions && status.currentHealthy === healthy ? true : undefined;
  };
  return until(`${disruptions} evictions are allowed`, ask, { evidence: () => controllers.output() });
}

/** The status with which the API server answers to an eviction, as `kubectl drain` asks for it. */
async function evict(name: string): Promise<number> {
  return (await cluster.call("POST", `${PODS}/${name}/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: RELEASE_NAMESPACE } })).status;
}

t.test("a single Pod, ready as it is, may be evicted", async (t) => {
  await install({ replicas: 1 });
  const [only = ""] = await pods(1);
  await runs(only, "True");
  await allowed(1, 1);
  t.equal(await evict(only), 201);
});

t.test("of two, one goes after the other, and one that is not ready at any time; the quota of a system class lets them come", async (t) => {
  await cluster.kubectl(["delete", "deployment", RELEASE, "-n", RELEASE_NAMESPACE]);
  await pods(0);
  await install({ replicas: 2, priorityClassName: "system-cluster-critical" });
  const [good = "", bad = ""] = await pods(2);
  await runs(good, "False");
  await runs(bad, "False");
  await allowed(0, 0);
  t.equal(await evict(bad), 201, "who answers nobody holds no node, not even where nobody answers");

  const next = await replacing(bad, good);
  await runs(good, "True");
  await runs(next, "False");
  await allowed(0, 1);
  t.equal(await evict(good), 429, "the last that answers is kept");
  t.equal(await evict(next), 201);

  await runs(await replacing(next, good), "True");
  await allowed(1, 2);
  t.equal(await evict(good), 201, "once another answers");
});

/** The name of the Pod that has come in the place of one that has gone, beside one that stays. */
async function replacing(gone: string, stays: string): Promise<string> {
  const names = await until("another Pod has come", async () => pods(2).then((names) => (names.includes(gone) ? undefined : names)));
  return names.find((name) => name !== stays) ?? "";
}
