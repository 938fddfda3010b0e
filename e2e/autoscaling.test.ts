// The HorizontalPodAutoscaler of the chart, by kube-controller-manager's own controller: more Pods when they are busy, fewer when
// they are not, and upgrades that leave the number alone. No request fails on the way.
import t from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, podProbe, startLoad } from "./harness/load.ts";
import { startMetricsServer } from "./harness/metrics-server.ts";
import { type Outcome, until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.autoscaling);

const world = await startLivingWorld();
t.teardown(() => world.stop());
const { cluster, node } = world;
const metrics = await startMetricsServer(cluster, RELEASE_NAMESPACE);
t.teardown(() => metrics.stop());
const release = releaseBy("helm4", cluster);
const at = { stabilizationWindowSeconds: 0 };
const autoscaling = { enabled: true, minReplicas: 2, maxReplicas: 4, behavior: { scaleUp: at, scaleDown: { ...at, policies: [{ type: "Pods", value: 4, periodSeconds: 1 }] } } };
await makeNamespace(cluster, "shop", {});
const probes = [podProbe("a signed Pod", "shop", world.signed, isCreated), podProbe("an unsigned Pod", "shop", world.unsigned, isRefusedAsUnsigned)];

/** Waits until so many Pods run, all of them ready, and get connections. */
async function settled(count: number): Promise<void> {
  const isThere = async (): Promise<true | undefined> => (node.pods().length === count && node.pods().every(({ isReady }) => isReady) && world.service.endpoints().length === count ? true : undefined);
  await until(`${count} Pods answer`, isThere, { evidence: () => `${node.pods().length} run` });
}

async function wrongWhile(change: () => Promise<void>): Promise<readonly string[]> {
  const load = startLoad(cluster, probes);
  await change();
  return (await load.stop()).wrong;
}

async function replicas(): Promise<string> {
  return (await cluster.kubectl(["get", "deployment", RELEASE, "-n", RELEASE_NAMESPACE, "-o", "jsonpath={.spec.replicas}"])).stdout;
}

t.test("turned on in a release of three Pods, it has the least number soon, whatever Kubernetes makes of none", async (t) => {
  metrics.use(60);
  t.same(succeeded(await release.install({ ...world.values, replicas: 3 })), "");
  await enforce(cluster, "shop", { enforce: "signed" });
  t.same(await wrongWhile(async () => {
    t.same(succeeded(await release.upgrade({ ...world.values, autoscaling })), "");
    await settled(2);
  }), []);
  t.equal(await replicas(), "2");
});

t.test("busy Pods get company, up to the greatest number", async (t) => {
  t.same(await wrongWhile(async () => {
    metrics.use(200);
    await settled(4);
  }), []);
  t.equal(await replicas(), "4");
});

t.test("an upgrade replaces them all, and leaves their number alone", async (t) => {
  metrics.use(80);
  const before = new Set(node.pods().map(({ name }) => name));
  t.same(await wrongWhile(async () => {
    t.same(succeeded(await release.upgrade({ ...world.values, autoscaling, podAnnotations: { "example.com/revision": "2" } })), "");
    await settled(4);
  }), []);
  t.same(node.pods().filter(({ name }) => before.has(name)), []);
  t.equal(await replicas(), "4");
});

t.test("idle Pods go again, down to the least number", async (t) => {
  t.same(await wrongWhile(async () => {
    metrics.use(10);
    await settled(2);
  }), []);
  t.equal(await replicas(), "2");
});

function succeeded({ status, stderr }: Outcome): string {
  return status === 0 ? "" : stderr;
}
