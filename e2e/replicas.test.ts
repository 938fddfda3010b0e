// Replicas that go: told to, killed, and frozen, while an enforcing namespace is asked of.
import t, { type Test } from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, type LoadReport, podProbe, startLoad } from "./harness/load.ts";
import type { RunningPod } from "./harness/node.ts";
import { until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.replicas);

/** Answers that show a stretch of time well enough. */
const ENOUGH = 100;

const world = await startLivingWorld();
t.teardown(() => world.stop());
const { cluster, node, service, values, signed, unsigned } = world;

const { status, stderr } = await releaseBy("helm4", cluster).install(values);
if (status !== 0) throw new Error(stderr);
await makeNamespace(cluster, "shop", {});
await enforce(cluster, "shop", { enforce: "signed" });
const probes = [podProbe("a signed Pod", "shop", signed, isCreated), podProbe("an unsigned Pod", "shop", unsigned, isRefusedAsUnsigned)];

/** Makes requests before, while and after something happens to the replica that gets most of them. */
async function under(event: (pod: RunningPod) => Promise<void>): Promise<LoadReport> {
  const running = startLoad(cluster, probes);
  const more = async (): Promise<void> => {
    const goal = running.right + ENOUGH;
    await until("more answers", async () => (running.right >= goal ? true : undefined));
  };
  await more();
  await event(busiest());
  await more();
  return running.stop();
}

/** The replica that the API server has most connections to: it keeps them, so the other one may have none. */
function busiest(): RunningPod {
  const open = ({ address }: RunningPod): number => service.connections(address).open;
  const pod = node.pods().filter(({ isReady }) => isReady).reduce<RunningPod | undefined>((most, next) => (most === undefined || open(next) > open(most) ? next : most), undefined);
  if (pod === undefined || open(pod) === 0) throw new Error("no replica is asked");
  return pod;
}

/** Two replicas answer, and the one that went is not among them; undefined counts nobody out. */
function bothAnswer(gone?: RunningPod): Promise<true> {
  const isSo = async (): Promise<true | undefined> => (service.endpoints().length === 2 && !(gone && service.endpoints().includes(gone.address)) ? true : undefined);
  return until("two replicas answer", isSo, { evidence: () => service.endpoints().join(" ") });
}

t.test("a replica that is told to go drops no request", async (t) => {
  const { wrong } = await under(async (pod) => {
    await cluster.kubectl(["delete", "pod", pod.name, "-n", RELEASE_NAMESPACE]);
    await bothAnswer(pod);
    t.match(pod.output(), '"msg":"stopped"', "it ended by itself");
  });
  t.same(wrong, []);
  t.same(service.damage, { refused: 0, broken: 0 });
});

t.test("all replicas that are replaced one after another drop no request", async (t) => {
  const before = service.endpoints();
  const { wrong } = await under(async () => {
    await cluster.kubectl(["rollout", "restart", "deployment", RELEASE, "-n", RELEASE_NAMESPACE]);
    await until("they are others", async () => (service.endpoints().some((address) => before.includes(address)) ? undefined : true));
    await bothAnswer();
  });
  t.same(wrong, []);
  t.same(service.damage, { refused: 0, broken: 0 });
});

t.test("a replica that is killed fails no request but those that were under way at it", async (t) => {
  const { wrong } = await under(async (pod) => {
    pod.signal("SIGKILL");
    await bothAnswer();
  });
  t.comment(`${service.damage.broken} requests were under way at it, ${wrong.length} failed`);
  t.ok(wrong.length <= service.damage.broken, wrong.join("\n"));
  closed(t, wrong);
});

t.test("a replica that is frozen costs a timeout each request that meets it, and gets no new connection once its probes have failed", async (t) => {
  let connections = 0;
  const { wrong } = await under(async (pod) => {
    const { open, ever } = service.connections(pod.address);
    pod.signal("SIGSTOP");
    await until("it gets no new connection", async () => (service.endpoints().includes(pod.address) ? undefined : true));
    connections = open + service.connections(pod.address).ever - ever;
  });
  t.comment(`${connections} connections to it, ${wrong.length} requests waited for it in vain`);
  t.ok(wrong.length > 0 && wrong.length <= connections, "one for each connection at most");
  closed(t, wrong);
  for (const words of wrong) t.match(words, /deadline exceeded|Client\.Timeout/, "the API server gave up");
});

/** Nobody was let in unjudged, and nobody was told that an image is bad: the API server could not ask. */
function closed(t: Test, wrong: readonly string[]): void {
  for (const words of wrong) t.match(words, 'failed calling webhook \\"enforce.pratique.dev\\"');
}
