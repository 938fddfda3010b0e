// The life of a release, by both Helms, on a cluster that lives: nobody who did not ask for Pratique notices it, and nobody
// who did loses a request.
import t, { type Test } from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { type Helm, RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { inventory } from "./harness/inventory.ts";
import { type LivingWorld, startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, type Load, podProbe, startLoad, workloadProbes } from "./harness/load.ts";
import { MISSING_TAG } from "./harness/node.ts";
import { until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.lifecycle);
// Most of the time is waiting until Pods count as available.
t.jobs = 2;

/** A release's Pods that are replaced by an upgrade. */
const NEXT = { podAnnotations: { "example.com/revision": "next" } };
const BROKEN = { image: { tag: MISSING_TAG } };
/** The definitions of policies, and what the API server itself makes of them. */
const KEPT: ReadonlySet<string> = new Set([
  "CustomResourceDefinition /clustertrustpolicies.pratique.dev",
  "CustomResourceDefinition /trustpolicies.pratique.dev",
  "APIService /v1alpha1.pratique.dev",
]);

for (const helm of ["helm3", "helm4"] as const) t.test(helm, { buffered: true }, (t) => live(t, helm));

async function live(t: Test, helm: Helm): Promise<void> {
  const world = await startLivingWorld();
  t.teardown(() => world.stop());
  const { cluster, values, signed, unsigned, node, service } = world;
  const release = releaseBy(helm, cluster);
  const asked = [podProbe("a signed Pod", "shop", signed, isCreated), podProbe("an unsigned Pod", "shop", unsigned, isRefusedAsUnsigned)];
  const unasked = workloadProbes("plain", unsigned);
  await makeNamespace(cluster, "plain", {});
  await makeNamespace(cluster, "shop", {});
  // Whoever labels the release's own namespace must not lock Pratique out.
  await cluster.kubectl(["label", "namespace", RELEASE_NAMESPACE, "pratique.dev/enforce=verified"]);
  const before = await inventory(cluster);

  await t.test("a fresh install blocks nothing, not even while its Pods cannot start", async (t) => {
    const load = startLoad(cluster, unasked);
    succeeded(t, await release.install({ ...values, ...BROKEN }, "--wait=false"));
    await atLeast(load, 10 * unasked.length);
    t.equal(node.pods().length, 0, "no Pod runs");
    succeeded(t, await release.upgrade(values));
    await bothAnswer(world);
    await harmless(t, load);
  });

  await t.test("what it enforces where it is asked to, it does not enforce on itself", async (t) => {
    await enforce(cluster, "shop", { enforce: "signed" });
    const { wrong } = await startLoad(cluster, [...asked, podProbe("an unsigned Pod in the release's namespace", RELEASE_NAMESPACE, unsigned, isCreated)]).stop();
    t.same(wrong, []);
    t.equal((await release.test()).status, 0, node.logs(`${RELEASE}-test`) || "helm test is content");
  });

  const uninterrupted = async (t: Test, change: () => Promise<void>): Promise<void> => {
    const load = startLoad(cluster, [...asked, ...unasked.slice(0, 1)]);
    await change();
    await harmless(t, load);
    t.equal(service.damage.refused, 0, "no Pod went before the Service had left it");
  };

  await t.test("an upgrade drops no request", async (t) => {
    const old = service.endpoints();
    await uninterrupted(t, async () => {
      succeeded(t, await release.upgrade({ ...values, ...NEXT }));
      await until("every Pod is another one", async () => (service.endpoints().some((address) => old.includes(address)) ? undefined : true));
    });
  });

  await t.test("an upgrade that fails drops no request, nor does the rollback from it", async (t) => {
    await uninterrupted(t, async () => {
      t.not((await release.upgrade({ ...values, ...NEXT, ...BROKEN }, "--timeout=6s")).status, 0, "Helm says that it failed");
      t.equal(service.endpoints().length, 2);
      succeeded(t, await release.rollback(3));
    });
  });

  await t.test("a rollback to other Pods drops no request", (t) => uninterrupted(t, async () => succeeded(t, await release.rollback(2))));

  await t.test("an uninstallation takes the webhooks first, drops no request and leaves nothing but definitions", async (t) => {
    const earlier = (await deletions(world)).length;
    const load = startLoad(cluster, [...asked.slice(0, 1), ...unasked]);
    succeeded(t, await release.uninstall());
    await harmless(t, load);
    const deleted = (await deletions(world)).slice(earlier);
    t.equal(deleted[0], `validatingwebhookconfigurations/${RELEASE} by system:serviceaccount:${RELEASE_NAMESPACE}:${RELEASE}`);
    await nothingLeft(t, world, before);
  });

  await t.test("it can be installed again, and uninstalled while no Pod of it answers", async (t) => {
    succeeded(t, await release.install(values));
    await bothAnswer(world);
    t.same((await startLoad(cluster, asked).stop()).wrong, []);
    await stopEveryPod(world);
    const closed = await cluster.call("POST", asked[0]?.path ?? "", asked[0]?.body);
    t.match(JSON.stringify(closed), /"status":500,.*failed calling webhook \\"enforce.pratique.dev/, "an enforcing namespace is closed");
    t.same((await startLoad(cluster, unasked).stop()).wrong, [], "the others are open");
    succeeded(t, await release.uninstall());
    t.same((await startLoad(cluster, asked.slice(0, 1)).stop()).wrong, []);
    await nothingLeft(t, world, before);
  });
}

/** Helm 3 does not wait until the nodes know of a new Pod. */
async function bothAnswer({ service }: LivingWorld): Promise<void> {
  await until("both Pods answer", async () => (service.endpoints().length === 2 ? true : undefined));
}

function succeeded(t: Test, { status, stderr }: { readonly status: number | null; readonly stderr: string }): void {
  t.equal(status, 0, stderr || "Helm is content");
}

async function atLeast(load: Load, answers: number): Promise<void> {
  await until(`${answers} answers`, async () => (load.right >= answers ? true : undefined));
}

async function harmless(t: Test, load: Load): Promise<void> {
  const { right, wrong } = await load.stop();
  t.same(wrong, [], "every answer is as it should be");
  t.ok(right > 0, `${right} answers`);
}

/** What was deleted, in order, by the audit log. Pods come and go by themselves. */
async function deletions({ cluster }: LivingWorld): Promise<readonly string[]> {
  const events = await cluster.auditEvents();
  return events.filter(({ verb, responseStatus, objectRef }) => verb === "delete" && responseStatus?.code === 200 && objectRef?.resource !== "pods").map(({ objectRef, user }) => `${objectRef?.resource}/${objectRef?.name} by ${user.username}`);
}

async function nothingLeft(t: Test, { cluster }: LivingWorld, before: ReadonlySet<string>): Promise<void> {
  const added = async (): Promise<readonly string[]> => [...(await inventory(cluster))].filter((object) => !before.has(object) && !KEPT.has(object));
  await until("everything is gone", async () => ((await added()).length === 0 ? true : undefined)).catch(() => undefined);
  t.same(await added(), [], "nothing is left");
}

async function stopEveryPod({ cluster, service }: LivingWorld): Promise<void> {
  await cluster.kubectl(["scale", "deployment", RELEASE, "-n", RELEASE_NAMESPACE, "--replicas=0"]);
  await until("no Pod answers", async () => (service.endpoints().length === 0 ? true : undefined));
}
