// The certificate by a real cert-manager: issued, injected, renewed, taken over and given back, under load.
import { X509Certificate } from "node:crypto";
import t, { type Test } from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { startCertManager } from "./harness/cert-manager.ts";
import { type Helm, RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, podProbe, startLoad } from "./harness/load.ts";
import { putCertificate } from "./harness/own-certificate.ts";
import { type Outcome, until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS["cert-manager"]);
// Most of the time is waiting until Pods count as available.
t.jobs = 2;

/** The Secret that cert-manager fills. */
const ISSUED = `${RELEASE}-tls`;
/** Another one, filled by somebody else. */
const OWN = "own-certificate";
/** A new CA is trusted for a thirtieth of its life before a replica relies on it: six seconds here, and a minute in life. */
const CONFIG = { tls: { managed: { caHours: 0.05, certificateHours: 0.05 } } };

for (const helm of ["helm3", "helm4"] as const) t.test(helm, { buffered: true }, (t) => life(t, helm));

async function life(t: Test, helm: Helm): Promise<void> {
  const world = await startLivingWorld();
  const { cluster, signed, unsigned } = world;
  t.teardown(() => world.stop());
  const certManager = await startCertManager(cluster);
  t.teardown(() => certManager.kill());
  const release = releaseBy(helm, cluster);
  const probes = [podProbe("a signed Pod", "shop", signed, isCreated), podProbe("an unsigned Pod", "shop", unsigned, isRefusedAsUnsigned)];
  const { config } = world.values as { readonly config: object };
  const values = (certificate: object) => ({ config: { ...config, ...CONFIG }, certificate });
  const certManaged = values({ mode: "cert-manager" });
  await makeNamespace(cluster, "shop", {});

  /** What was answered wrongly from before a change until it is through. */
  const wrongWhile = async (change: () => Promise<void>): Promise<readonly string[]> => {
    const load = startLoad(cluster, probes);
    await change();
    return (await load.stop()).wrong;
  };
  const upgrade = async (values: object, ...flags: readonly string[]): Promise<void> => {
    succeeded(t, await release.upgrade(values, ...flags));
    await until("no Pod is left but two", async () => (world.node.pods().length === 2 ? true : undefined));
  };
  /** What `cmctl renew` does. Waits until a certificate is in the Secret that was not there before. */
  const renew = async (certificate: string, secret: string): Promise<void> => {
    const before = await serialIn(secret);
    const condition = { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "", lastTransitionTime: new Date().toISOString() };
    const patch = JSON.stringify({ status: { conditions: [condition] } });
    const { status, stderr } = await cluster.kubectl(["patch", "certificate", certificate, "-n", RELEASE_NAMESPACE, "--subresource=status", "--type=merge", "-p", patch]);
    if (status !== 0) throw new Error(stderr);
    await until(`${certificate} is renewed`, async () => ((await serialIn(secret)) === before ? undefined : true), { evidence: () => certManager.output() });
  };
  const textIn = async (secret: string, key: "tls.crt" | "ca.crt"): Promise<string> => {
    const { body } = await cluster.call("GET", `/api/v1/namespaces/${RELEASE_NAMESPACE}/secrets/${secret}`);
    const { data } = body as { readonly data: Readonly<Record<string, string>> };
    return Buffer.from(data[key] ?? "", "base64").toString();
  };
  const serialIn = async (secret: string): Promise<string> => new X509Certificate(await textIn(secret, "tls.crt")).serialNumber;
  /** How many certificates each Pod has served. */
  const loaded = (): readonly number[] => world.node.pods().map((pod) => pod.output().split("the serving certificate was loaded").length - 1);
  const renewServed = async (): Promise<void> => {
    const before = Math.min(...loaded());
    await renew(RELEASE, ISSUED);
    await until("every Pod serves the new certificate", async () => (loaded().every((count) => count > before) ? true : undefined));
  };

  await t.test("installed", async (t) => {
    succeeded(t, await release.install(certManaged));
    await enforce(cluster, "shop", { enforce: "signed" });
    t.same((await startLoad(cluster, probes).stop()).wrong, []);
    succeeded(t, await release.test());
  });

  await t.test("renewed", async (t) => {
    t.same(await wrongWhile(renewServed), []);
  });

  await t.test("a new CA", async (t) => {
    t.same(await wrongWhile(async () => {
      await renew(`${RELEASE}-ca`, `${RELEASE}-ca`);
      await renewServed();
    }), []);
  });

  await t.test("to managed, and from it", async (t) => {
    t.same(await wrongWhile(() => upgrade(values({ mode: "managed" }))), []);
    t.same(await wrongWhile(() => upgrade(certManaged)), []);
  });

  await t.test("to a certificate of somebody's own, and from it", async (t) => {
    const ca = await putCertificate(cluster, OWN);
    const secret = (caBundle: string) => values({ mode: "secret", secretName: OWN, caBundle });
    const both = `${ca}${await textIn(ISSUED, "ca.crt")}`;
    t.same(await wrongWhile(() => upgrade(secret(both), ...(helm === "helm4" ? ["--force-conflicts"] : []))), []);
    t.same(await wrongWhile(() => upgrade(secret(ca))), []);
    t.same(await wrongWhile(() => upgrade(values({ mode: "cert-manager", caBundle: ca }))), []);
    const wrong = await wrongWhile(() => upgrade(certManaged));
    if (helm === "helm4") t.same(wrong, []);
    // Helm 3 takes the field from the injector, which puts it back: a moment, and nobody is let in unjudged.
    else t.ok(wrong.every((words) => words.includes('failed calling webhook \\"enforce.pratique.dev\\"')), wrong.join("\n"));
    t.comment(`${wrong.length} requests were refused while the field was gone`);
    t.same((await startLoad(cluster, probes).stop()).wrong, []);
  });
}

function succeeded(t: Test, { status, stderr }: Outcome): void {
  t.equal(status, 0, stderr || "Helm is content");
}
