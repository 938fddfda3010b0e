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

const SECONDS = 40;
/** Answers that show a stretch of time well enough. */
const ENOUGH = 100;
/** `timeoutSeconds` of the entry that refuses. */
const TIMEOUT = "10s";

const world = await startLivingWorld();
t.teardown(() => world.stop());
const { cluster, node, service, values, signed, unsigned } = world;

const { status, stderr } = await releaseBy("helm4", cluster).install(values);
if (status !== 0) throw new Error(stderr);
await makeNamespace(cluster, "shop", {});
await enforce(cluster, "shop", { enforce: "signed" });
const probes = [podProbe("a signed Pod", "shop", signed, isCreated), podProbe("an unsigned Pod", "shop", unsigned, isRefusedAsUnsigned)];

/** Makes requests before, during and after what happens. */
async function under(event: () => Promise<void>): Promise<LoadReport> {
  const running = startLoad(cluster, probes);
  const more = async (): Promise<void> => {
    const goal = running.right + ENOUGH;
    await until("more answers", async () => (running.right >= goal ? true : undefined), { seconds: SECONDS });
  };
  await more();
  await event();
  await more();
  return running.stop();
}

function replica(): RunningPod {
  const pod = node.pods().find(({ isReady }) => isReady);
  if (pod === undefined) throw new Error("no replica is ready");
  return pod;
}

/** Two replicas answer, and the one that went is not among them; undefined counts nobody out. */
function bothAnswer(gone?: RunningPod): Promise<true> {
  const isSo = async (): Promise<true | undefined> => (service.endpoints().length === 2 && !(gone && service.endpoints().includes(gone.address)) ? true : undefined);
  return until("two replicas answer", isSo, { seconds: SECONDS, evidence: () => service.endpoints().join(" ") });
}

t.test("a replica that is told to go drops no request", async (t) => {
  const pod = replica();
  const { wrong } = await under(async () => {
    await cluster.kubectl(["delete", "pod", pod.name, "-n", RELEASE_NAMESPACE]);
    await bothAnswer(pod);
  });
  t.same(wrong, []);
  t.same(service.damage, { refused: 0, broken: 0 });
  t.match(pod.output(), '"msg":"stopped"', "it ended by itself");
});

t.test("all replicas that are replaced one after another drop no request", async (t) => {
  const before = service.endpoints();
  const { wrong } = await under(async () => {
    await cluster.kubectl(["rollout", "restart", "deployment", RELEASE, "-n", RELEASE_NAMESPACE]);
    await until("they are others", async () => (service.endpoints().some((address) => before.includes(address)) ? undefined : true), { seconds: SECONDS });
    await bothAnswer();
  });
  t.same(wrong, []);
  t.same(service.damage, { refused: 0, broken: 0 });
});

t.test("a replica that is killed fails no request but those that were under way at it", async (t) => {
  const pod = replica();
  const earlier = { ...service.damage };
  const { wrong } = await under(async () => {
    pod.signal("SIGKILL");
    await bothAnswer();
  });
  const broken = service.damage.broken - earlier.broken;
  t.comment(`${broken} requests were under way at it, ${wrong.length} failed`);
  t.ok(wrong.length <= broken, `${broken} were under way, and of all ${wrong.length} failed: ${wrong.join("\n")}`);
  closed(t, wrong);
});

t.test("a replica that is frozen costs a timeout each request that meets it, and meets no new connection once its probes have failed", async (t) => {
  const pod = replica();
  const { wrong } = await under(async () => {
    pod.signal("SIGSTOP");
    await until("it gets no new connection", async () => (service.endpoints().includes(pod.address) ? undefined : true), { seconds: SECONDS });
  });
  closed(t, wrong);
  for (const words of wrong) t.match(words, new RegExp(`timeout=${TIMEOUT}|deadline exceeded|Client.Timeout`), "the API server gave up");
  t.comment(`${wrong.length} requests waited for it`);
});

/** Nobody was let in unjudged, and nobody was told that an image is bad: the API server could not ask. */
function closed(t: Test, wrong: readonly string[]): void {
  for (const words of wrong) t.match(words, 'failed calling webhook \\"enforce.pratique.dev\\"');
}
