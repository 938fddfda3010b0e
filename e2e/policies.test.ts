// What becomes of policies in a cluster: how they are written, watched, rotated and lost.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments, stringify } from "yaml";
import { createPod, enforce, makeNamespace } from "./harness/ask.ts";
import { RELEASE_NAMESPACE } from "./harness/chart.ts";
import { applyPolicy, deletePolicy, govern, type Policy, ready, release } from "./harness/policies.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { execute, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.policies);
const world = await startWorld({ registries: ["referrers"], images: ["cosign3-bundle", "cosign3-bundle-other"], settings: () => ({ drainSeconds: 1 }) });
t.teardown(() => world.stop());
const { cluster, author, pratique } = world;
const { host } = world.registry("referrers");
const MINE = `${host}/cosign3-bundle:1`;
const OTHERS = `${host}/cosign3-bundle-other:1`;

const policy = (change: object = {}, name = "release"): Policy => ({
  name,
  spec: { images: [{ glob: `${host}/**` }], authorities: [{ name: "release", key: { data: author.publicKey("e2e") } }], ...change },
});

await makeNamespace(cluster, "shop", { enforce: "verified" });
await enforce(cluster, "shop", { enforce: "verified" });
const admitted = async (image: string): Promise<true | string> => {
  const { status, stderr } = await createPod(cluster, "shop", image, { flags: ["--dry-run=server"] });
  return status === 0 || stderr;
};
const becomes = (image: string, words: string): Promise<true> =>
  until(`${image} is refused: ${words}`, async () => ((await admitted(image)).toString().includes(words) ? true : undefined), { evidence: () => pratique.output() });

t.test("what only Pratique knows to be wrong is refused with its path, however it is applied", async (t) => {
  const rows: readonly (readonly [change: object, words: readonly string[]])[] = [
    [{ images: [{ glob: "harbor.example.com/[a-z]" }] }, ["spec.images[0].glob", "no other wildcards"]],
    [{ authorities: [{ key: { data: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" } }] }, ["spec.authorities[0].key.data", "certificate"]],
    [{ authorities: [{ key: { data: "none" } }] }, ["spec.authorities[0].key.data", "PUBLIC KEY"]],
    [{ treshold: 2 }, ["spec.treshold", "did you mean threshold?"]],
    [{ mode: "warn" }, ["spec.mode", "labels of the namespace"]],
    [{ authorities: [{ key: { secretRef: { name: "keys", namespace: "kube-system" } } }] }, ["spec.authorities[0].key.secretRef.namespace", "own namespace only"]],
  ];
  for (const [change, words] of rows) {
    for (const flags of [["--validate=false"], ["--server-side", "--validate=false"]]) {
      const { status, stderr } = await applyPolicy(cluster, policy(change), ...flags);
      t.not(status, 0, JSON.stringify(change));
      for (const word of words) t.ok(stderr.includes(word), `${word} is named`, { stderr });
    }
  }
  const secret = await applyPolicy(cluster, policy({ authorities: [{ key: { secretRef: { name: "absent" } } }] }, "early"));
  t.equal(secret.status, 0, secret.stderr);
  t.match(secret.stderr, /Warning: there is no Secret pratique-system\/absent.*until it is there, this policy refuses/);
  t.match(await ready(cluster, { name: "early" }), { status: "False", reason: "KeyUnavailable", message: /spec\.authorities\[0\]\.key\.secretRef: / });
  await release(cluster, [policy({}, "early")]);
});

t.test("a policy takes effect, changes, and is gone, within seconds", async (t) => {
  await govern(cluster, [policy()]);
  t.match(await ready(cluster, { name: "release" }), { status: "True", reason: "Valid" });
  const { stdout } = await cluster.kubectl(["get", "ctp", "-o", "wide"]);
  t.match(stdout, /NAME +READY +IMAGES +THRESHOLD +REASON +MESSAGE +AGE\nrelease +True /);
  t.equal(await admitted(MINE), true);
  t.match(await admitted(OTHERS), /UntrustedSigner/);
  const config = await world.folder.write("check.yaml", stringify({ registries: [registrySettings(world.registry("referrers"))] }));
  const args = [join(CHECKOUT, "src/main.ts"), "check", "--namespace", "shop", "--config", config, MINE, OTHERS];
  const checked = await execute(process.execPath, args, { env: { KUBECONFIG: join(cluster.folder.path, "admin.kubeconfig"), HOME: world.folder.path } });
  t.equal(checked.status, 1, checked.stderr);
  t.match(checked.stdout, /ClusterTrustPolicy "release" is satisfied\n.*authority "release" accepts key sha256:[^]*ClusterTrustPolicy "release" is not satisfied \(UntrustedSigner\)/, "check asks the cluster, and says the same");
  await govern(cluster, [policy({ authorities: [{ key: { data: author.publicKey("other") } }] })]);
  t.match(await admitted(MINE), /UntrustedSigner/, "no verification by the old key answers");
  t.equal(await admitted(OTHERS), true);
  await deletePolicy(cluster, { name: "release" });
  t.ok(await becomes(OTHERS, "NoPolicy"));
});

t.test("a key that is rotated in its Secret, without a restart", async (t) => {
  const write = (text: string | undefined): Promise<void> => writeKey("release-key", RELEASE_NAMESPACE, text);
  await write(author.publicKey("e2e"));
  await govern(cluster, [policy({ authorities: [{ key: { secretRef: { name: "release-key" } } }] })]);
  t.equal(await admitted(MINE), true);
  await write(author.publicKey("other"));
  t.ok(await becomes(MINE, "UntrustedSigner"));
  t.equal(await admitted(OTHERS), true);
  await write("garbage");
  t.ok(await becomes(OTHERS, "PolicyInvalid"));
  t.match(await ready(cluster, { name: "release" }, { accept: ({ status }) => status === "False" }), { reason: "KeyUnavailable", message: /Secret pratique-system\/release-key, key cosign\.pub/ });
  await write(undefined);
  t.ok(await becomes(OTHERS, "no key"), "the Secret is there, and the key in it is not");
  await release(cluster, [policy()]);
});

t.test("a TrustPolicy has its key from a Secret of its own namespace alone, once it is there", async (t) => {
  const own = { ...policy({ authorities: [{ key: { secretRef: { name: "team-key" } } }] }, "team"), namespace: "shop" };
  await writeKey("team-key", RELEASE_NAMESPACE, author.publicKey("e2e"));
  await govern(cluster, [policy()]);
  t.match((await applyPolicy(cluster, own)).stderr, /Warning: there is no Secret shop\/team-key/);
  t.match(await ready(cluster, own), { status: "False", reason: "KeyUnavailable" });
  t.match(await admitted(MINE), /TrustPolicy "shop\/team": .*there is no Secret shop\/team-key.*\(PolicyInvalid\)|PolicyInvalid.*shop\/team-key/);
  await makeNamespace(cluster, "office", { enforce: "verified" });
  await enforce(cluster, "office", { enforce: "verified" });
  const elsewhere = await createPod(cluster, "office", MINE);
  t.equal(elsewhere.status, 0, elsewhere.stderr || "the team's policy governs its own namespace alone");
  await writeKey("team-key", "shop", author.publicKey("e2e"));
  await ready(cluster, own, { accept: ({ status }) => status === "True" });
  t.equal(await admitted(MINE), true);
  const { stdout } = await cluster.kubectl(["get", "tp", "-n", "shop"]);
  t.match(stdout, /^NAME +READY +IMAGES +THRESHOLD +AGE\nteam +True /);
  await release(cluster, [policy(), own]);
});

t.test("a bad policy that comes in while Pratique is down governs, and is never satisfied", async (t) => {
  await govern(cluster, [policy({}, "good")]);
  // It gives its Lease up, so that the next one writes the status at once.
  await pratique.terminate();
  const { status, stderr } = await applyPolicy(cluster, policy({ treshold: 2 }), "--validate=false");
  t.equal(status, 0, stderr);
  await pratique.launch();
  await pratique.ready();
  t.match(await admitted(MINE), /ClusterTrustPolicy "release": spec\.treshold: is not a field; did you mean threshold\? \(PolicyInvalid\)|PolicyInvalid.*spec\.treshold/);
  t.match(await ready(cluster, { name: "release" }), { status: "False", reason: "Invalid", message: /spec\.treshold: is not a field/ });
  const touched = await cluster.kubectl(["annotate", "ctp", "release", "seen=yes"]);
  t.equal(touched.status, 0, touched.stderr);
  t.match(touched.stderr, /Warning: spec\.treshold/);
  await release(cluster, [policy(), policy({}, "good")]);
});

t.test("the API server comes back, and the watch with it", async (t) => {
  await govern(cluster, [policy()]);
  await cluster.crash();
  await cluster.restart();
  const { status, stderr } = await applyPolicy(cluster, policy({ authorities: [{ key: { data: author.publicKey("other") } }] }));
  t.equal(status, 0, stderr);
  t.ok(await becomes(MINE, "UntrustedSigner"));
  await ready(cluster, { name: "release" });
  await release(cluster, [policy()]);
});

t.test("the examples of docs/policy.md, in their order", async (t) => {
  const page = readFileSync(join(CHECKOUT, "docs/policy.md"), "utf8");
  const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  t.equal(blocks.length, 8);
  for (const block of blocks) {
    const { status, stderr } = await cluster.kubectl(["apply", "-f", "-"], { input: block });
    const expected = /^# refused: (.*)\n/.exec(block)?.[1];
    t.equal(status !== 0, expected !== undefined, stderr || block);
    if (expected?.startsWith("spec.")) t.ok(stderr.includes(expected), `${expected} is named`, { stderr });
    const names = parseAllDocuments(block).map((document) => document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } });
    if (expected !== undefined) continue;
    // The Secret of the last but one is for its reader to make.
    for (const { kind, metadata } of names.filter((each) => each.kind === "ClusterTrustPolicy")) t.match(await ready(cluster, metadata), { status: "True" }, `${kind} ${metadata.name}`);
  }
});

t.test("without the definitions, level signed works and level verified lets nothing in, until they are there", async (t) => {
  const definitions = pratique.objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  const names = definitions.map(({ metadata }) => `crd/${metadata.name}`);
  const removed = await cluster.kubectl(["delete", ...names]);
  t.equal(removed.status, 0, removed.stderr);
  await pratique.kill();
  await pratique.launch();
  await pratique.ready();
  t.match(await admitted(MINE), /the trust policies .* could not be listed: the API server serves no such resource \(404\); install the definition of (?:cluster)?trustpolicies/);
  await makeNamespace(cluster, "plain", { enforce: "signed" });
  await enforce(cluster, "plain", { enforce: "signed" });
  const signed = await createPod(cluster, "plain", MINE);
  t.equal(signed.status, 0, signed.stderr);
  for (const definition of definitions) await cluster.apply(definition, "");
  const waited = await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
  t.equal(waited.status, 0, waited.stderr);
  t.ok(await becomes(MINE, "NoPolicy"));
  const applied = await applyPolicy(cluster, policy());
  t.equal(applied.status, 0, applied.stderr);
  await until("the policy governs", async () => ((await admitted(MINE)) === true ? true : undefined), { evidence: () => pratique.output() });
});

/** Puts a Secret with this text, or with none, in the place of whatever there is. */
async function writeKey(name: string, namespace: string, text: string | undefined): Promise<void> {
  const data = text === undefined ? {} : { "cosign.pub": Buffer.from(text).toString("base64") };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
  const { status, stderr } = await cluster.kubectl(["replace", "--force", "-n", namespace, "-f", "-"], { input: JSON.stringify(secret) });
  if (status !== 0) throw new Error(stderr);
}
