// Level `verified` in a cluster: one Pod at a time, by the policies that govern it.
import t from "tap";
import type { Digest } from "../src/image/digest.ts";
import { createDeployment, createPod, enforce, label, makeNamespace } from "./harness/ask.ts";
import { dockerConfigJson, type KeyName, LAYOUTS, SIGNERS } from "./harness/author.ts";
import { RELEASE_NAMESPACE } from "./harness/chart.ts";
import type { Manifest } from "./harness/cluster.ts";
import { govern, type Policy, release } from "./harness/policies.ts";
import { attachAsAttestation, attachAsBundle, bundleOn, withForgedEnvelope } from "./harness/polyglot.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

interface Row {
  readonly about: string;
  /** Of the catalogue. */
  readonly image: string;
  /** The specs of the ClusterTrustPolicies, without their images. */
  readonly policies: readonly object[];
  /** That of a TrustPolicy of the namespace. */
  readonly narrowing?: object;
  /** Words of the refusal; undefined for a Pod that must be admitted. */
  readonly refused?: readonly string[];
}

const SLSA = "https://slsa.dev/provenance/v1";
const SIGNED = SIGNERS.flatMap((by) => LAYOUTS.map((layout) => `${by}-${layout}`));
const IMAGES = [
  ...SIGNED,
  "cosign3-bundle-p384",
  "cosign3-bundle-ed25519",
  "cosign2-simple-signing-rsa",
  "attested-by-cosign2",
  "attested-by-cosign3",
  "two-keys",
  "index-two-keys",
  "elsewhere",
  "unsigned",
  "stolen",
  "index-recursive-cosign2",
  "index-recursive-cosign3",
  "index-top-cosign3",
];

t.plan(PLANS.verified);
const world = await startWorld({ registries: ["referrers", "htpasswd"], images: IMAGES });
t.teardown(() => world.stop());
const { cluster, author } = world;
const { host } = world.registry("referrers");
const locked = world.registry("htpasswd");

const key = (name: KeyName): object => ({ name, key: { data: author.publicKey(name) } });
const by = (...names: readonly KeyName[]): object => ({ authorities: names.map(key) });
const hashed = (name: KeyName, hashAlgorithm: string): object => ({ authorities: [{ key: { data: author.publicKey(name), hashAlgorithm } }] });
const from = (name: KeyName, source: object): object => ({ authorities: [{ ...key(name), source: [source] }] });
const attested = (predicateType: string): object => ({ authorities: [{ ...key("e2e"), attestations: [{ predicateType }] }] });

const ROWS: readonly Row[] = [
  { about: "no policy", image: "cosign2-simple-signing", policies: [], refused: ["NoPolicy", "no ClusterTrustPolicy governs"] },
  { about: "a TrustPolicy alone", image: "cosign2-simple-signing", policies: [], narrowing: by("e2e"), refused: ["NoPolicy", 'TrustPolicy "verified/narrowing" does, and only narrows'] },
  ...SIGNED.map((image): Row => ({ about: image, image, policies: [by("e2e")] })),
  { about: "a P-384 key", image: "cosign3-bundle-p384", policies: [by("p384")] },
  { about: "the one hash that counts", image: "cosign3-bundle-p384", policies: [hashed("p384", "sha384")] },
  { about: "another hash than the one that counts", image: "cosign3-bundle-p384", policies: [hashed("p384", "sha256")], refused: ["UntrustedSigner"] },
  { about: "an Ed25519 key", image: "cosign3-bundle-ed25519", policies: [by("ed25519")] },
  { about: "an RSA key", image: "cosign2-simple-signing-rsa", policies: [by("rsa")] },
  { about: "another key", image: "cosign2-simple-signing", policies: [by("other")], refused: ["UntrustedSigner", 'ClusterTrustPolicy "verified-0"', 'authority "other"', "was not made with that key over these bytes", "--key"] },
  { about: "one of two authorities", image: "cosign3-bundle", policies: [by("other", "e2e")] },
  { about: "two policies, of which one is not satisfied", image: "cosign3-bundle", policies: [by("e2e"), by("other")], refused: ["UntrustedSigner", 'ClusterTrustPolicy "verified-1"'] },
  { about: "a TrustPolicy that is satisfied as well", image: "two-keys", policies: [by("e2e")], narrowing: by("other") },
  { about: "a TrustPolicy that narrows", image: "cosign3-bundle", policies: [by("e2e")], narrowing: by("other"), refused: ["UntrustedSigner", 'TrustPolicy "verified/narrowing"'] },
  { about: "unsigned", image: "unsigned", policies: [by("e2e")], refused: ["Unsigned", "no cosign signature on"] },
  { about: "a signature of another image, copied over", image: "stolen", policies: [by("e2e")], refused: ["ClaimMismatch"] },
  { about: "two keys of two", image: "two-keys", policies: [{ ...by("e2e", "other"), threshold: 2 }] },
  { about: "two keys of three", image: "two-keys", policies: [{ ...by("rsa", "e2e", "other"), threshold: 2 }] },
  { about: "one key of two", image: "cosign3-bundle", policies: [{ ...by("e2e", "other"), threshold: 2 }], refused: ["ThresholdNotMet", "1 of the 2 distinct signers"] },
  { about: "one key under two names", image: "cosign3-bundle", policies: [{ authorities: [key("e2e"), { ...key("e2e"), name: "again" }], threshold: 2 }], refused: ["ThresholdNotMet"] },
  { about: "cosign sign --recursive by cosign 2", image: "index-recursive-cosign2", policies: [by("e2e")] },
  { about: "cosign sign --recursive by cosign 3", image: "index-recursive-cosign3", policies: [by("e2e")] },
  { about: "two keys on the index and on each platform", image: "index-two-keys", policies: [{ ...by("e2e", "other"), threshold: 2 }] },
  { about: "the index alone is signed", image: "index-top-cosign3", policies: [by("e2e")], refused: ["PlatformUnsigned", "linux/amd64"] },
  { about: "the index alone is signed, and the policy asks for no more", image: "index-top-cosign3", policies: [{ ...by("e2e"), index: "index" }] },
  { about: "the index alone is signed, and covers its platforms", image: "index-top-cosign3", policies: [{ ...by("e2e"), index: "covered" }] },
  { about: "an attestation by cosign 2", image: "attested-by-cosign2", policies: [attested(SLSA)] },
  { about: "an attestation by cosign 3", image: "attested-by-cosign3", policies: [attested("slsaprovenance1")] },
  { about: "an attestation of another type", image: "attested-by-cosign3", policies: [attested("spdx")], refused: ["AttestationMissing", "https://spdx.dev/Document", "cosign attest"] },
  { about: "an attestation is no signature", image: "attested-by-cosign3", policies: [by("e2e")], refused: ["Unsigned", "found instead: an attestation"] },
  { about: "signatures in a repository of their own", image: "elsewhere", policies: [from("e2e", { oci: `${host}/signatures` })] },
  { about: "signatures that lie elsewhere", image: "elsewhere", policies: [by("e2e")], refused: ["Unsigned"] },
  { about: "signatures whose tags begin with a word", image: "unsigned", policies: [from("p384", { oci: `${host}/unsigned`, tagPrefix: "v1-" })] },
  { about: "signatures in a private repository", image: "unsigned", policies: [from("other", { oci: `${locked.host}/signatures`, signaturePullSecrets: [{ name: "signatures" }] })] },
  { about: "signatures in a private repository, without its password", image: "unsigned", policies: [from("other", { oci: `${locked.host}/signatures` })], refused: ["Unauthorized", `${locked.host}/signatures`] },
  { about: "static: fail", image: "cosign3-bundle", policies: [{ authorities: [{ static: { action: "fail", message: "use the new base image" } }] }], refused: ["StaticFail", "use the new base image"] },
  { about: "static: pass asks no registry", image: "not-there", policies: [{ authorities: [{ static: { action: "pass" } }] }] },
  { about: "static: pass beside a policy that is not satisfied", image: "unsigned", policies: [{ authorities: [{ static: { action: "pass" } }] }, by("e2e")], refused: ["Unsigned", 'ClusterTrustPolicy "verified-1"'] },
  { about: "a key in a Secret that is not there", image: "cosign3-bundle", policies: [{ authorities: [{ key: { secretRef: { name: "absent" } } }] }], refused: ["PolicyInvalid", "spec.authorities[0].key.secretRef", "pratique-system/absent"] },
];

await makeNamespace(cluster, "verified", { enforce: "verified" });
await enforce(cluster, "verified", { enforce: "verified" });
await keepPassword("signatures", RELEASE_NAMESPACE);
const unsigned = `${host}/unsigned@${world.digest("unsigned")}`;
await author.sign(unsigned, { by: "cosign3", layout: "bundle", scope: "top", key: "other", into: `${locked.host}/signatures` });
await author.sign(unsigned, { by: "cosign2", layout: "simple-signing", scope: "top", key: "p384", tagPrefix: "v1-" });

for (const row of ROWS) {
  t.test(row.about, async (t) => {
    const governed = (spec: object): object => ({ images: [{ glob: `${host}/${row.image}` }], ...spec });
    const policies: Policy[] = row.policies.map((spec, i) => ({ name: `verified-${i}`, spec: governed(spec) }));
    if (row.narrowing !== undefined) policies.push({ name: "narrowing", namespace: "verified", spec: governed(row.narrowing) });
    await govern(cluster, policies);
    const { status, stderr } = await createPod(cluster, "verified", `${host}/${row.image}:1`);
    if (row.refused === undefined) t.equal(status, 0, stderr);
    else {
      t.not(status, 0, "it is refused");
      for (const words of row.refused) t.ok(stderr.includes(words), `says ${words}`, { stderr });
    }
    await release(cluster, policies);
  });
}

t.test("where a password is asked for and there is no referrers API, pinned to digests", async (t) => {
  const policy: Policy = { name: "locked", spec: { images: [{ glob: `${locked.host}/**` }], ...by("e2e") } };
  await makeNamespace(cluster, "locked", { enforce: "verified" });
  await keepPassword("registry", "locked");
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" }, imagePullSecrets: [{ name: "registry" }] } as Manifest, "locked");
  await enforce(cluster, "locked", { enforce: "verified" });
  await govern(cluster, [policy]);
  for (const image of SIGNED) {
    const { status, stderr } = await createPod(cluster, "locked", `${locked.host}/${image}@${world.digest(image)}`);
    t.equal(status, 0, stderr || image);
  }
  t.match((await createPod(cluster, "locked", `${locked.host}/unsigned@${world.digest("unsigned")}`)).stderr, "(Unsigned)");
  await release(cluster, [policy]);
});

t.test("warn and audit with verified beside enforce with signed", async (t) => {
  const policy: Policy = { name: "release", spec: { images: [{ glob: `${host}/**` }], ...by("other") } };
  await makeNamespace(cluster, "rehearsing", { enforce: "signed", warn: "verified", audit: "verified" });
  await enforce(cluster, "rehearsing", { enforce: "signed", warn: "verified", audit: "verified" });
  await govern(cluster, [policy]);
  const pod = await createPod(cluster, "rehearsing", `${host}/cosign3-bundle:1`);
  t.equal(pod.status, 0, pod.stderr);
  t.match(pod.stderr, /Warning: container "web": .* \(UntrustedSigner\)/);
  const noted = (await cluster.auditEvents()).findLast(({ objectRef }) => objectRef?.namespace === "rehearsing" && objectRef.resource === "pods");
  t.match(noted?.annotations, { "enforce.pratique.dev/enforce-level": "signed", "enforce.pratique.dev/audit-violations": /UntrustedSigner/ });
  t.not((await createPod(cluster, "rehearsing", `${host}/unsigned:1`)).status, 0);
  const deployment = await createDeployment(cluster, "verified", "web", `${host}/cosign3-bundle:1`);
  t.match(deployment.stderr, /UntrustedSigner/, "a template is refused as well");
  const relabelled = await cluster.kubectl(["label", "--dry-run=server", "--overwrite", "ns", "rehearsing", "pratique.dev/enforce=verified"]);
  t.match(relabelled.stderr, /1 running Pod in namespace "rehearsing" would now be refused/);
  await label(cluster, "rehearsing", {});
  await release(cluster, [policy]);
});

t.test("a good bundle that is a forged envelope as well vouches for its own image alone", async (t) => {
  const [honest, victim] = [world.digest("attested-by-cosign3"), world.digest("unsigned")];
  const polyglot = withForgedEnvelope(await bundleOn(world.registry("referrers"), "attested-by-cosign3", honest), victim, SLSA);
  const placing = (name: string, subject: Digest) => ({ author, folder: world.folder, repository: `${host}/${name}`, subject });
  await author.crane("copy", `${host}/attested-by-cosign3@${honest}`, `${host}/polyglot-honest:1`);
  await author.crane("copy", `${host}/unsigned@${victim}`, `${host}/polyglot-victim:1`);
  const size = Buffer.byteLength(await author.crane("manifest", `${host}/polyglot-honest:1`));
  await attachAsBundle(polyglot, placing("polyglot-honest", honest), size);
  await attachAsAttestation(polyglot, placing("polyglot-victim", victim));
  const policy: Policy = { name: "polyglot", spec: { images: [{ glob: `${host}/polyglot-*` }], ...attested(SLSA) } };
  await govern(cluster, [policy]);
  const good = await createPod(cluster, "verified", `${host}/polyglot-honest:1`);
  t.equal(good.status, 0, good.stderr);
  t.match((await createPod(cluster, "verified", `${host}/polyglot-victim:1`)).stderr, "(AttestationMissing)");
  await release(cluster, [policy]);
});

async function keepPassword(name: string, namespace: string): Promise<void> {
  const data = { ".dockerconfigjson": Buffer.from(dockerConfigJson([locked])).toString("base64") };
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name }, type: "kubernetes.io/dockerconfigjson", data } as Manifest, namespace);
}
