// Whoever takes the certificate over from Pratique, or gives it back, as the chart's page says it: by both Helms, under load.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { CHART, type Helm, RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { type LivingWorld, startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, podProbe, startLoad } from "./harness/load.ts";
import { putCertificate } from "./harness/own-certificate.ts";
import { type Outcome, until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.modes);
// Most of the time is waiting until Pods count as available.
t.jobs = 2;

const OWN = "pratique-tls";
/** A new CA is trusted for a thirtieth of its life before a replica relies on it: six seconds here, and a minute in life. */
const CONFIG = { tls: { managed: { caHours: 0.05, certificateHours: 0.05 } } };

for (const helm of ["helm3", "helm4"] as const) t.test(helm, { buffered: true }, (t) => change(t, helm));

async function change(t: Test, helm: Helm): Promise<void> {
  const world = await startLivingWorld();
  t.teardown(() => world.stop());
  const { cluster, signed, unsigned } = world;
  const { config } = world.values as { readonly config: object };
  const values = { config: { ...config, ...CONFIG } };
  const release = releaseBy(helm, cluster);
  const probes = [podProbe("a signed Pod", "shop", signed, isCreated), podProbe("an unsigned Pod", "shop", unsigned, isRefusedAsUnsigned)];
  const ca = await putCertificate(cluster, OWN);
  await makeNamespace(cluster, "shop", {});
  succeeded(t, await release.install(values));
  await enforce(cluster, "shop", { enforce: "signed" });

  /** What was answered wrongly from before an upgrade until only its Pods are left. */
  const wrongWhile = async (upgrade: () => Promise<Outcome>): Promise<readonly string[]> => {
    const load = startLoad(cluster, probes);
    succeeded(t, await upgrade());
    await until("no Pod is left but two", async () => (world.node.pods().length === 2 ? true : undefined));
    return (await load.stop()).wrong;
  };
  const secret = (caBundle: string) => ({ ...values, certificate: { mode: "secret", secretName: OWN, caBundle } });

  await t.test("from managed to secret", async (t) => {
    // A file that ends without a line feed, as `cat` puts it before another.
    const both = `${ca.trimEnd()}${await managedCas(world)}`;
    t.same(await wrongWhile(() => release.upgrade(secret(both), ...(helm === "helm4" ? ["--force-conflicts"] : []))), []);
    t.same(await wrongWhile(() => release.upgrade(secret(ca))), []);
  });

  await t.test("from secret to managed", async (t) => {
    t.same(await wrongWhile(() => release.upgrade({ ...values, certificate: { mode: "managed", caBundle: ca } })), []);
    const wrong = await wrongWhile(() => release.upgrade(values));
    if (helm === "helm4") t.same(wrong, []);
    // Helm 3 takes the field from Pratique, which puts it back: a moment, and nobody is let in unjudged.
    else t.ok(wrong.every((words) => words.includes('failed calling webhook \\"enforce.pratique.dev\\"')), wrong.join("\n"));
    t.comment(`${wrong.length} requests were refused while the field was gone`);
    t.same((await startLoad(cluster, probes).stop()).wrong, []);
  });
}

/** What the API server trusts now, read as the chart's page says. */
async function managedCas({ cluster }: LivingWorld): Promise<string> {
  const page = readFileSync(join(CHART, "README.md"), "utf8");
  const command = `get secret ${RELEASE}-certificate -n ${RELEASE_NAMESPACE} -o jsonpath='{.data.ca\\.crt}'`;
  if (!page.includes(`kubectl ${command}`)) throw new Error(`the chart's page has no kubectl ${command}`);
  const { stdout } = await cluster.kubectl(command.replaceAll("'", "").split(" "));
  return Buffer.from(stdout, "base64").toString();
}

function succeeded(t: Test, { status, stderr }: Outcome): void {
  t.equal(status, 0, stderr || "Helm is content");
}
