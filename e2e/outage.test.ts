// Registries that are stopped or hang, and Pratique itself stopped.
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { createDeployment, createPod, makeNamespace } from "./harness/ask.ts";
import { type Outcome, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.outage);

const world = await startWorld({
  registries: ["plain", "referrers"],
  images: ["unsigned", "cosign2-simple-signing", "cosign2-bundle", "cosign3-bundle"],
  settings: () => ({ drainSeconds: 1 }),
});
t.teardown(() => world.stop());

const { cluster, pratique } = world;
const plain = world.registry("plain");
const good = `${world.registry("referrers").host}/cosign3-bundle:1`;
const bad = `${world.registry("referrers").host}/unsigned:1`;

await makeNamespace(cluster, "enforcing", { enforce: "signed" });
await makeNamespace(cluster, "warned", { warn: "signed" });

t.test("a registry that is stopped: Pods are refused, with the reason, and nothing else is", async (t) => {
  const image = `${plain.host}/cosign2-simple-signing:1`;
  await plain.kill();
  refused(t, await createPod(cluster, "enforcing", image), [`container "web": ${image} could not be checked`, "(RegistryUnavailable)", `Try again once ${plain.host} answers.`]);
  const deployment = await createDeployment(cluster, "enforcing", "first", image);
  admitted(t, deployment);
  t.match(deployment.stderr, /^Warning: .*could not be checked.*\(RegistryUnavailable\)/m, "a template is let in with a warning");
  const warned = await createPod(cluster, "warned", image);
  admitted(t, warned);
  t.match(warned.stderr, /^Warning: .*could not be checked/m);
  t.notMatch(warned.stderr, "Unsigned", "what could not be checked is not called unsigned");
  admitted(t, await createPod(cluster, "enforcing", good), "another registry's images");

  await plain.restart();
  await until("it is asked again", async () => ((await createPod(cluster, "enforcing", image)).status === 0 ? true : undefined));
});

t.test("a registry that hangs: the answer leaves in time", async (t) => {
  const image = `${plain.host}/cosign2-bundle:1`;
  plain.freeze();
  const answer = await createPod(cluster, "enforcing", image);
  plain.thaw();
  refused(t, answer, ["denied the request", "could not be checked"]);
  t.notMatch(answer.stderr, "failed calling webhook", "the API server did not have to give up");
  await until("it is asked again", async () => ((await createPod(cluster, "enforcing", image)).status === 0 ? true : undefined));
});

t.test("Pratique stopped: an enforcing namespace is closed, and nothing else is", async (t) => {
  t.equal(await pratique.terminate(), 0, "it ends by itself, and well");
  refused(t, await createPod(cluster, "enforcing", good), ["failed calling webhook \"enforce.pratique.dev\""]);
  admitted(t, await createDeployment(cluster, "enforcing", "second", bad), "templates, whose Pods are not");
  admitted(t, await createPod(cluster, "warned", bad), "a namespace that only warns");
  admitted(t, await cluster.kubectl(["label", "namespace", "warned", "pratique.dev/warn=none", "--overwrite"]));
  admitted(t, await cluster.kubectl(["create", "namespace", "another"]));
  admitted(t, await cluster.kubectl(["label", "namespace", "enforcing", "pratique.dev/enforce-"]), "the label can always be taken off");
  await until("the namespace is open", async () => ((await createPod(cluster, "enforcing", bad)).status === 0 ? true : undefined));
});

t.test("Pratique started again: an enforcing namespace is judged again", async (t) => {
  await pratique.launch();
  await pratique.ready();
  await makeNamespace(cluster, "afterwards", { enforce: "signed" });
  admitted(t, await createPod(cluster, "afterwards", good));
  refused(t, await createPod(cluster, "afterwards", bad), ["(Unsigned)"]);
});

t.test("a certificate that is replaced is served without a restart", async (t) => {
  const before = await servedCertificate();
  await pratique.replaceCertificate();
  await until("the new certificate is served", async () => ((await servedCertificate()) === before ? undefined : true));
  admitted(t, await createPod(cluster, "afterwards", good));
  refused(t, await createPod(cluster, "afterwards", bad), ["(Unsigned)"]);
});

/** The fingerprint of the certificate that a new connection is shown. */
function servedCertificate(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: pratique.port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

function admitted(t: Test, { status, stderr }: Outcome, what = "admitted"): void {
  t.equal(status, 0, status === 0 ? what : `${what}: ${stderr}`);
}

function refused(t: Test, { status, stderr }: Outcome, words: readonly string[]): void {
  t.equal(status, 1, "refused");
  for (const each of words) t.ok(stderr.includes(each), `says ${each}`, { stderr });
}
