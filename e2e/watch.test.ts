// Connections cut, the API server killed, its history forgotten, and the API server frozen, while Pratique runs: a
// namespace that was relabelled meanwhile is judged by its new label soon after. The label is `index`, by which nothing but the watch goes.
import t from "tap";
import { createPod, label, makeNamespace } from "./harness/ask.ts";
import { until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

const RECOVERY_SECONDS = 10;
/** Longer than any watch is asked to last. */
const LONGEST_WATCH_SECONDS = 60;

t.plan(PLANS.watch);

const world = await startWorld({ registries: ["plain"], images: ["index-top-cosign2"] });
t.teardown(() => world.stop());

const { cluster, pratique } = world;
const image = `${world.registry("plain").host}/index-top-cosign2:1`;
const restarts = () => pratique.metric("pratique_watch_restarts_total", { resource: "namespaces" });
const age = () => pratique.metric("pratique_watch_age_seconds", { resource: "namespaces" });

await makeNamespace(cluster, "shop", { enforce: "signed", index: "both" });

t.test("a namespace that is relabelled is judged by its new label", async (t) => {
  t.match(await refusal(), "(PlatformUnsigned)");
  await relabel("index");
  await relabel("both");
  t.equal(await restarts(), 0, "by one watch, which goes on");
});

t.test("its connections are cut", async (t) => {
  const before = await restarts();
  cluster.cutConnections();
  await relabel("index");
  await relabel("both");
  t.ok((await restarts()) > before, "the watch was started again");
});

t.test("the API server is killed", async (t) => {
  const before = await restarts();
  await cluster.crash();
  t.equal(await pratique.readiness(), 200, "Pratique stays ready");
  await cluster.restart();
  await relabel("index");
  t.ok((await restarts()) > before, "the watch was started again");
  t.ok((await age()) < RECOVERY_SECONDS);
});

t.test("the API server is killed, and etcd forgets what there was before", async () => {
  await label(cluster, "shop", { enforce: "signed", index: "both" });
  await cluster.crash();
  await cluster.compact();
  await cluster.restart();
  await label(cluster, "shop", { enforce: "signed", index: "index" });
  await cluster.compact();
  await relabel("both");
});

t.test("the API server is frozen: its connections stay open, and nothing comes", async (t) => {
  const before = await restarts();
  cluster.freeze();
  await until("the silence is noticed", async () => ((await restarts()) > before ? true : undefined), { seconds: LONGEST_WATCH_SECONDS });
  t.equal(await pratique.readiness(), 200, "Pratique stays ready");
  // Sent before the thaw, so that it is the first thing that the API server does.
  const relabelled = label(cluster, "shop", { enforce: "signed", index: "index" });
  cluster.thaw();
  await relabelled;
  await relabel("index");
  t.ok((await age()) < RECOVERY_SECONDS);
});

/** Gives the namespace another index rule, and waits until its Pods are judged by it. */
async function relabel(rule: "both" | "index"): Promise<void> {
  await label(cluster, "shop", { enforce: "signed", index: rule });
  await until(
    `Pods are judged by the rule ${rule}`,
    async () => ((await refusal()) === undefined) === (rule === "index") ? true : undefined,
    { seconds: RECOVERY_SECONDS, evidence: () => pratique.output() },
  );
}

async function refusal(): Promise<string | undefined> {
  const { status, stderr } = await createPod(cluster, "shop", image, { flags: ["--dry-run=server"] });
  return status === 0 ? undefined : stderr;
}
