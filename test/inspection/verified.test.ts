import t, { type Test } from "tap";
import type { Digest } from "../../src/image/digest.ts";
import type { IndexRule } from "../../src/image/index.ts";
import { parseReference } from "../../src/image/reference.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { type Inspection, Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING, keyringOf } from "../../src/inspection/keyring.ts";
import { createCaches } from "../../src/adapters/cache/caches.ts";
import type { TrustPolicy } from "../../src/trust/trust-policy.ts";
import { verifyDocument } from "../../src/verify/verify.ts";
import { attestBundle, BUNDLE, signBundle } from "../helpers/cosign-bundle.ts";
import { attestLegacy, attTag, signLegacy, signOci11, sigTag } from "../helpers/cosign.ts";
import { artifact, describe, imageManifest, jsonBytes, push, pushIndex } from "../helpers/images.ts";
import { SLSA_PROVENANCE } from "../helpers/in-toto.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { fixture, type LayoutName, loadLayout } from "../helpers/layouts.ts";
import { notationSignature, sbomReferrer } from "../helpers/other-accessories.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../helpers/registry-double.ts";
import { registryClient } from "../helpers/registry-client.ts";
import { answerWith } from "../helpers/registry-faults.ts";
import { generateSigningKey, type SigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();
const other = generateSigningKey();
const third = generateSigningKey();
const SPDX = "https://spdx.dev/Document";

async function serve(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  return registry;
}

interface Asked {
  readonly policies: readonly TrustPolicy[];
  readonly rule?: IndexRule;
}

function inspect(t: Test, registry: RegistryDouble, name: string, { policies, rule = "both" }: Asked): Promise<Inspection> {
  const client = registryClient(t, registry);
  const inspector = new Inspector(inspectorPorts(client, new Gatherer(client), policies), { installation: EMPTY_KEYRING, isSigningRepository: () => false, platforms: [] });
  return ask(inspector, `${registry.host}/${name}`, rule, Date.now());
}

function ask(inspector: Inspector, name: string, rule: IndexRule, now: number): Promise<Inspection> {
  const question = { reference: parseReference(name), level: "verified", rule, namespace: "shop", keyring: EMPTY_KEYRING } as const;
  return inspector.inspect(question, { deadline: now + 8000, signal: new AbortController().signal });
}

async function reason(...args: Parameters<typeof inspect>): Promise<string> {
  return (await inspect(...args)).verdict.reason;
}

const by = (...keys: readonly SigningKey[]): Asked => ({ policies: [policyOf(specOf(...keys))] });
const with_ = (change: object, ...keys: readonly SigningKey[]): Asked => ({ policies: [policyOf({ ...specOf(...keys), ...change })] });

/** An image with its own bytes, so that signatures of one are for no other. */
function image(registry: RegistryDouble, name: string): Digest {
  return push(registry, name, imageManifest({ seed: name }), "1");
}

t.test("what the real cosign signed, by its key and by no other, in a registry with the referrers API and in one without", async (t) => {
  const fixed = (name: string, change: object = {}): Asked => ({ policies: [policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: fixture(`keys/${name}`).toString() }, ...change }] })] });
  const rows: readonly (readonly [layout: LayoutName, own: string, rule: IndexRule])[] = [["t2", "k2.pub", "both"], ["t2oci", "k2.pub", "both"], ["t2rec", "k2.pub", "both"], ["t2rec", "k2.pub", "children"], ["t3sc", "k3.pub", "both"], ["t3rec", "k3.pub", "both"], ["t3rec", "k3.pub", "index"]];
  for (const referrers of [true, false]) {
    const registry = await serve(t, { referrers });
    for (const [layout, own, rule] of rows) {
      loadLayout(registry, layout, layout);
      const stranger = own === "k2.pub" ? "k3.pub" : "k2.pub";
      t.equal(await reason(t, registry, `${layout}:v1`, { ...fixed(own), rule }), "Verified", `${layout} under ${rule}`);
      t.equal(await reason(t, registry, `${layout}:v1`, { ...fixed(stranger), rule }), "UntrustedSigner", `${layout} by ${stranger}`);
      t.equal(await reason(t, registry, `${layout}:v1`, { ...by(key), rule }), "UntrustedSigner", `${layout} by a fresh key`);
    }
    for (const layout of ["kl1", "kl2t", "kl2legacy"] as const) {
      loadLayout(registry, layout, layout);
      t.equal(await reason(t, registry, `${layout}:v1`, fixed("k2.pub")), "UntrustedSigner", `${layout}, which a certificate signed`);
    }
    for (const [layout, own, platform] of [["t2att", "k2.pub", "t2att@"], ["t3att", "k3.pub", "t3att@"]] as const) {
      loadLayout(registry, layout, layout);
      const asked = fixed(own, { attestations: [{ predicateType: "slsaprovenance1" }] });
      const whole = await inspect(t, registry, `${layout}:v1`, asked);
      t.equal(whole.verdict.kind, "untrusted", `${layout}: not every part is attested`);
      const attested = whole.policies[0]?.subjects.find(({ authorities }) => authorities[0]?.kind === "accepted");
      t.equal(await reason(t, registry, `${platform}${attested?.digest}`, asked), "Verified", `${layout}: the platform that is`);
      t.equal(await reason(t, registry, `${platform}${attested?.digest}`, fixed(own, { attestations: [{ predicateType: "spdx" }] })), "AttestationMissing");
      t.equal(await reason(t, registry, `${platform}${attested?.digest}`, fixed(own)), "Unsigned", "an attestation is no signature");
    }
  }
});

t.test("one change to a good case", async (t) => {
  const registry = await serve(t);
  const layouts = { ".sig": signLegacy, "oci-1-1": signOci11, bundle: signBundle };
  for (const [layout, sign] of Object.entries(layouts)) {
    const name = `good-${layout.replace(".", "")}`;
    const own = image(registry, name);
    const carrier = sign(registry, name, own, { key });
    t.equal(await reason(t, registry, `${name}:1`, by(key)), "Verified", layout);
    const refused = await inspect(t, registry, `${name}:1`, by(other));
    t.equal(refused.verdict.reason, "UntrustedSigner", `${layout}: another key`);
    t.match(refused.verdict.detail, new RegExp(`^ClusterTrustPolicy "release": no signature on ${own} is of a signer that it accepts: authority "authority 0" \\(key sha256:[0-9a-f]{64}\\) finds no signature by it \\(the signature in ${carrier} was not made with that key over these bytes\\)$`));

    const forged = `forged-${layout.replace(".", "")}`;
    const victim = image(registry, forged);
    sign(registry, forged, victim, { key, claims: own });
    t.equal(await reason(t, registry, `${forged}:1`, by(key)), "ClaimMismatch", `${layout}: a signature of another image, copied over`);
  }

  const several = image(registry, "several");
  signBundle(registry, "several", several, { key, claims: [image(registry, "unrelated"), several] });
  t.equal(await reason(t, registry, "several:1", by(key)), "Verified", "one of a statement's subjects is enough");

  const swapped = image(registry, "swapped");
  const theirs = image(registry, "theirs");
  signLegacy(registry, "theirs", theirs, { key });
  const manifest = JSON.parse(Buffer.from(registry.manifest("theirs", sigTag(theirs))?.bytes ?? "").toString()) as { layers: { annotations: Record<string, string> }[] };
  signLegacy(registry, "swapped", swapped, { key: other, signature: manifest.layers[0]?.annotations["dev.cosignproject.cosign/signature"] ?? "" });
  t.equal(await reason(t, registry, "swapped:1", by(key)), "UntrustedSigner", "our signature of another payload beside this payload");

  const typed = image(registry, "typed");
  signBundle(registry, "typed", typed, { key, predicateType: SLSA_PROVENANCE, announces: "https://sigstore.dev/cosign/sign/v1" });
  t.equal(await reason(t, registry, "typed:1", by(key)), "Unsigned", "an annotation makes no signature of an attestation");

  const untyped = image(registry, "untyped");
  signBundle(registry, "untyped", untyped, { key, payloadType: "application/json" });
  t.equal(await reason(t, registry, "untyped:1", by(key)), "Malformed", "another payload type");
});

t.test("threshold counts signers, however often and in whatever way they sign", async (t) => {
  const registry = await serve(t);
  const of = (threshold: number, ...keys: readonly SigningKey[]): Asked => with_({ threshold }, ...keys);
  const twice = image(registry, "twice");
  signLegacy(registry, "twice", twice, { key });
  signLegacy(registry, "twice", twice, { key });
  signBundle(registry, "twice", twice, { key });
  signOci11(registry, "twice", twice, { key });
  t.equal(await reason(t, registry, "twice:1", of(2, key, other)), "ThresholdNotMet", "one key in every layout is one signer");
  const rsa = generateSigningKey("rsa");
  const pkcs1 = rsa.key.export({ type: "pkcs1", format: "pem" }).toString();
  signLegacy(registry, "twice", twice, { key: rsa });
  const renamed = { authorities: [{ key: { data: rsa.publicKey } }, { key: { data: pkcs1 } }, { key: { data: `\n${rsa.publicKey}\n` } }], threshold: 2 };
  t.equal(await reason(t, registry, "twice:1", with_(renamed)), "ThresholdNotMet", "one key under three authorities, in two writings, is one signer");

  const both = image(registry, "both");
  signLegacy(registry, "both", both, { key });
  signBundle(registry, "both", both, { key: other });
  t.equal(await reason(t, registry, "both:1", of(2, key, other)), "Verified");
  t.equal(await reason(t, registry, "both:1", of(2, third, key, other)), "Verified", "two of three");
  const missed = await inspect(t, registry, "both:1", of(3, third, key, other));
  t.match(missed.verdict, { reason: "ThresholdNotMet", detail: /2 of the 3 distinct signers that it asks for have signed sha256:/ });

  const entries = ["linux/amd64", "linux/arm64"].map((platform) => ({ image: imageManifest({ seed: platform, platform }), platform }));
  const { index, children } = pushIndex(registry, "split", entries, "1");
  for (const subject of [index, ...children]) signLegacy(registry, "split", subject, { key });
  signLegacy(registry, "split", index, { key: other });
  t.match((await inspect(t, registry, "split:1", of(2, key, other))).verdict, { reason: "ThresholdNotMet", part: { name: "linux/amd64", more: 1 } }, "signers are counted for each digest by itself");
  t.equal(await reason(t, registry, "split:1", { ...of(2, key, other), rule: "index" }), "Verified");
});

t.test("policies beside one another", async (t) => {
  const registry = await serve(t);
  const name = "web";
  signLegacy(registry, name, image(registry, name), { key });
  const cluster = (policyName: string, ...keys: readonly SigningKey[]): TrustPolicy => policyOf(specOf(...keys), { name: policyName });
  const narrowing = (...keys: readonly SigningKey[]): TrustPolicy => policyOf(specOf(...keys), { name: "a", kind: "TrustPolicy" });
  const pass = policyOf({ images: [{ glob: "**" }], authorities: [{ static: { action: "pass" } }] }, { name: "p" });
  const fail = policyOf({ images: [{ glob: "**" }], authorities: [{ static: { action: "fail", message: "not here" } }] }, { name: "f" });
  const bad = policyOf({ ...specOf(key), mode: "warn" }, { name: "bad" });
  const lost = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { secretRef: { name: "k" } } }] }, { name: "lost", secrets: new Map([["pratique-system/k", { kind: "unknown", message: "the API server is down" }]]) });
  const elsewhere = policyOf({ ...specOf(other), images: [{ glob: "a.b/**" }] }, { name: "elsewhere" });
  const rows: readonly (readonly [name: string, policies: readonly TrustPolicy[], reason: string, detail: RegExp])[] = [
    ["none", [], "NoPolicy", /^no ClusterTrustPolicy governs 127\.0\.0\.1:\d+\/web$/],
    ["none that matches", [elsewhere], "NoPolicy", /governs/],
    ["a TrustPolicy alone", [narrowing(key)], "NoPolicy", /TrustPolicy "shop\/a" does, and only narrows/],
    ["one that matches beside one that does not", [cluster("c", key), elsewhere], "Verified", /^satisfies ClusterTrustPolicy "c" by "authority 0" \(key sha256:[0-9a-f]{64}\)$/],
    ["all that govern", [cluster("c", key), narrowing(key)], "Verified", /"c".*TrustPolicy "shop\/a"/],
    ["a TrustPolicy that narrows", [cluster("c", key), narrowing(other)], "UntrustedSigner", /^TrustPolicy "shop\/a"/],
    ["the first by name speaks", [cluster("z", third), cluster("b", other), cluster("c", key)], "UntrustedSigner", /^ClusterTrustPolicy "b"/],
    ["the cluster's before the namespace's", [narrowing(other), cluster("z", third)], "UntrustedSigner", /^ClusterTrustPolicy "z"/],
    ["static: pass", [pass], "StaticPass", /ClusterTrustPolicy "p" lets it in without a look/],
    ["static: pass beside a policy that is satisfied", [pass, cluster("c", key)], "Verified", /"c"/],
    ["static: pass beside a policy that is not", [pass, cluster("c", other)], "UntrustedSigner", /"c"/],
    ["static: fail", [fail, cluster("c", key)], "StaticFail", /^ClusterTrustPolicy "f": not here$/],
    ["one that cannot be read", [bad, cluster("c", key)], "PolicyInvalid", /^ClusterTrustPolicy "bad": spec\.mode: /],
    ["one that cannot be read, beside static: pass", [bad, pass], "PolicyInvalid", /"bad"/],
    ["one whose key could not be read", [lost, cluster("c", key)], "PoliciesUnknown", /^ClusterTrustPolicy "lost": the API server is down$/],
    ["a definite failure beats an open question", [lost, fail], "StaticFail", /"f"/],
  ];
  for (const [about, policies, expected, detail] of rows) {
    const { verdict } = await inspect(t, registry, `${name}:1`, { policies });
    t.equal(verdict.reason, expected, about);
    t.match(verdict.detail, detail, about);
  }
  registry.reset();
  for (const policies of [[pass], [fail], [bad], [lost], []]) await inspect(t, registry, `${name}:1`, { policies });
  t.equal(registry.requests.length, 0, "what is settled without a look never touches the registry");
});

t.test("an index: each rule, the policy's own first", async (t) => {
  const registry = await serve(t);
  const entries = ["linux/amd64", "linux/arm64"].map((platform) => ({ image: imageManifest({ seed: platform, platform }), platform }));
  const { index, children } = pushIndex(registry, "multi", entries, "1");
  signLegacy(registry, "multi", index, { key });
  for (const child of children) signBundle(registry, "multi", child, { key: other });
  const verdicts = async (...keys: readonly SigningKey[]): Promise<readonly string[]> => Promise.all((["both", "covered", "index", "children"] as const).map((rule) => reason(t, registry, "multi:1", { ...by(...keys), rule })));
  t.same(await verdicts(key), ["UntrustedSigner", "Verified", "Verified", "UntrustedSigner"]);
  t.same(await verdicts(other), ["UntrustedSigner", "Verified", "UntrustedSigner", "Verified"], "covered: each platform by itself");
  t.same(await verdicts(key, other), ["Verified", "Verified", "Verified", "Verified"]);
  t.equal(await reason(t, registry, "multi:1", { ...with_({ index: "index" }, key), rule: "both" }), "Verified", "the policy's rule wins over the namespace's");
  t.equal(await reason(t, registry, "multi:1", { ...with_({ index: "both" }, key), rule: "index" }), "UntrustedSigner");
  t.match((await inspect(t, registry, "multi:1", by(key))).verdict, { part: { name: "linux/amd64", more: 1 }, remedy: /cosign sign --recursive --key \.\.\. / });
  t.equal(await reason(t, registry, `multi@${children[0]}`, by(other)), "Verified", "a platform by its own digest");
});

t.test("attestations: the type, the key and the subject, and nothing that nobody has signed", async (t) => {
  const registry = await serve(t);
  const wants = (predicateTypes: readonly string[], ...keys: readonly SigningKey[]): Asked => ({
    policies: [policyOf({ images: [{ glob: "**" }], authorities: keys.map((each) => ({ key: { data: each.publicKey }, attestations: predicateTypes.map((predicateType) => ({ predicateType })) })) })],
  });
  for (const [layout, attest] of Object.entries({ att: attestLegacy, bundle: attestBundle })) {
    const name = `attested-${layout}`;
    const subject = image(registry, name);
    attest(registry, name, subject, { key });
    const rows: readonly (readonly [about: string, asked: Asked, reason: string])[] = [
      ["of its type by its key", wants([SLSA_PROVENANCE], key), "Verified"],
      ["by its short name", wants(["slsaprovenance1"], key), "Verified"],
      ["one authority of two", wants([SLSA_PROVENANCE], other, key), "Verified"],
      ["another key", wants([SLSA_PROVENANCE], other), "AttestationMissing"],
      ["another type", wants([SPDX], key), "AttestationMissing"],
      ["one of two types", wants([SLSA_PROVENANCE, SPDX], key), "AttestationMissing"],
      ["a signature is asked for", by(key), "Unsigned"],
    ];
    for (const [about, asked, expected] of rows) t.equal(await reason(t, registry, `${name}:1`, asked), expected, `${layout}: ${about}`);
    t.match((await inspect(t, registry, `${name}:1`, wants([SPDX], key))).verdict.detail, new RegExp(`finds no attestation of type "${SPDX}" by it \\(the attestation in sha256:[0-9a-f]{64} is of another type\\)$`));
    attest(registry, name, subject, { key, predicateType: SPDX });
    t.equal(await reason(t, registry, `${name}:1`, wants([SLSA_PROVENANCE, SPDX], key)), "Verified", `${layout}: both types`);

    const copied = `copied-${layout}`;
    attest(registry, copied, image(registry, copied), { key, claims: subject });
    t.equal(await reason(t, registry, `${copied}:1`, wants([SLSA_PROVENANCE], key)), "AttestationMissing", `${layout}: of another image`);
    for (const [about, payload] of [["empty", ""], ["unparsable", "{"], ["no statement", "{}"], ["no predicate", JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: [{ digest: { sha256: "" } }], predicateType: SLSA_PROVENANCE })]] as const) {
      const broken = `${about.replace(" ", "-")}-${layout}`;
      attest(registry, broken, image(registry, broken), { key, payload: Buffer.from(payload) });
      t.not((await inspect(t, registry, `${broken}:1`, wants([SLSA_PROVENANCE], key))).verdict.kind, "trusted", `${layout}: ${about}`);
    }
  }
  const lied = image(registry, "lied");
  attestBundle(registry, "lied", lied, { key, predicateType: SPDX, announces: SLSA_PROVENANCE });
  t.equal(await reason(t, registry, "lied:1", wants([SLSA_PROVENANCE], key)), "AttestationMissing", "a manifest's annotation decides nothing");
  const bare = image(registry, "bare");
  const verdict = (await inspect(t, registry, "bare:1", wants([SLSA_PROVENANCE], key))).verdict;
  t.match(verdict, { reason: "Unsigned", detail: new RegExp(`nothing is attached to ${bare}; .* finds no attestation of type "${SLSA_PROVENANCE}"`), remedy: /cosign attest/ });
  signLegacy(registry, "bare", bare, { key });
  t.equal(await reason(t, registry, "bare:1", wants([SLSA_PROVENANCE], key)), "Unsigned", "a signature is no attestation");
  const mixed = { policies: [policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: other.publicKey }, attestations: [{ predicateType: SPDX }] }, { key: { data: key.publicKey } }] })] };
  t.equal(await reason(t, registry, "bare:1", mixed), "Verified", "a signature for one authority, an attestation for another");
  t.notOk(registry.manifest("bare", attTag(bare)), "there was none");
});

t.test("signatures in another repository", async (t) => {
  const registry = await serve(t);
  const subject = image(registry, "shop/web");
  push(registry, "signatures", imageManifest({ seed: "shop/web" }));
  signLegacy(registry, "shop/web", subject, { key, into: "signatures" });
  const from = (...sources: readonly object[]): Asked => with_({ authorities: [{ key: { data: key.publicKey }, source: sources }] });
  const oci = `${registry.host}/signatures`;
  t.equal(await reason(t, registry, "shop/web:1", from({ oci })), "Verified");
  t.equal(await reason(t, registry, "shop/web:1", by(key)), "Unsigned", "not beside the image");
  t.equal(await reason(t, registry, "shop/web:1", from({ oci: `${registry.host}/absent` })), "Unsigned");
  t.equal(await reason(t, registry, "shop/web:1", from({ oci: `${registry.host}/absent` }, { oci })), "Verified", "any of several");
  signLegacy(registry, "shop/web", subject, { key: other });
  t.equal(await reason(t, registry, "shop/web:1", with_({ authorities: [{ key: { data: other.publicKey }, source: [{ oci }] }] })), "UntrustedSigner", "a source replaces the image's own repository");
  t.equal(await reason(t, registry, "shop/web:1", from({ oci, tagPrefix: "v1-" })), "Unsigned", "no tag has that prefix");
  const signed = registry.manifest("signatures", sigTag(subject));
  registry.push("signatures", signed?.bytes ?? Buffer.alloc(0), signed?.mediaType ?? "", `v1-${sigTag(subject)}`);
  registry.remove("signatures", sigTag(subject));
  t.equal(await reason(t, registry, "shop/web:1", from({ oci, tagPrefix: "v1-" })), "Verified");
  t.equal(await reason(t, registry, "shop/web:1", from({ oci })), "Unsigned");

  registry.fault(/\/v2\/broken\//, answerWith(503));
  t.equal(await reason(t, registry, "shop/web:1", from({ oci: `${registry.host}/broken` })), "RegistryUnavailable");
  t.equal(await reason(t, registry, "shop/web:1", from({ oci: `${registry.host}/broken` }, { oci, tagPrefix: "v1-" })), "Verified", "a source that fails hides nothing in another");
});

t.test("a source's pull secrets are its own", async (t) => {
  const registry = await serve(t, { auth: { kind: "basic", accounts: { pod: { password: "p", repositories: ["shop/**"] }, policy: { password: "q", repositories: ["signatures"] } } } });
  const subject = image(registry, "shop/web");
  push(registry, "signatures", imageManifest({ seed: "shop/web" }));
  signLegacy(registry, "shop/web", subject, { key, into: "signatures" });
  const client = registryClient(t, registry);
  const asked: unknown[] = [];
  const credential = (username: string, password: string) => keyringOf([{ location: registry.host, credential: { kind: "password", username, password } }]);
  const oci = `${registry.host}/signatures`;
  const verdictWith = async (source: object, pod = credential("pod", "p")): Promise<string> => {
    const policy = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, source: [source] }] });
    const ports = {
      ...inspectorPorts(client, new Gatherer(client), [policy]),
      sourceCredentials: {
        keyring: async (secrets: unknown) => {
          asked.push(secrets);
          return credential("policy", "q");
        },
      },
    };
    const inspector = new Inspector(ports, { installation: EMPTY_KEYRING, isSigningRepository: () => true, platforms: [] });
    const question = { reference: parseReference(`${registry.host}/shop/web:1`), level: "verified", rule: "both", namespace: "shop", keyring: pod } as const;
    return (await inspector.inspect(question, { deadline: Date.now() + 8000, signal: new AbortController().signal })).verdict.reason;
  };
  t.equal(await verdictWith({ oci }), "Unauthorized", "the Pod's credentials do not reach it");
  t.equal(await verdictWith({ oci, signaturePullSecrets: [{ name: "pull" }] }), "Verified");
  t.same(asked, [{ namespace: "pratique-system", names: ["pull"] }]);
  const each = ["pod", "policy"].map((username) => ({ location: registry.host, credential: { kind: "password", username, password: username === "pod" ? "p" : "q" } as const }));
  t.equal(await verdictWith({ oci }, keyringOf(each)), "Verified", "all that match are tried, in their order");
});

t.test("one bad candidate never hides a good one", async (t) => {
  const registry = await serve(t);
  const crowded = image(registry, "crowded");
  for (let i = 0; i < 49; i += 1) signLegacy(registry, "crowded", crowded, { key: other, annotations: { i: String(i) } });
  signLegacy(registry, "crowded", crowded, { key });
  t.equal(await reason(t, registry, "crowded:1", by(key)), "Verified", "the fiftieth of fifty");
  signLegacy(registry, "crowded", crowded, { key: third });
  t.equal(await reason(t, registry, "crowded:1", by(third)), "TooLarge", "the fifty-first is not looked at, and nobody says that it is not there");

  const junk = image(registry, "junk");
  const broken = (bytes: Uint8Array) => artifact([bytes], { ...JSON.parse(Buffer.from(registry.manifest("junk", junk)?.bytes ?? "").toString()), config: describe(BUNDLE, bytes), layers: [describe(BUNDLE, bytes)], subject: { mediaType: imageManifest().mediaType, size: 1, digest: junk } });
  for (const bytes of [Buffer.from("{"), jsonBytes({}), jsonBytes([]), Buffer.alloc(10, 255)]) push(registry, "junk", broken(bytes));
  notationSignature(registry, "junk", junk);
  sbomReferrer(registry, "junk", junk);
  attestBundle(registry, "junk", junk, { key: other });
  signLegacy(registry, "junk", junk, { key, signature: "!" });
  signLegacy(registry, "junk", junk, { key, payload: Buffer.from("{") });
  signBundle(registry, "junk", junk, { key, bundle: () => ({}) });
  t.equal(await reason(t, registry, "junk:1", by(key)), "UntrustedSigner");
  signBundle(registry, "junk", junk, { key });
  t.equal(await reason(t, registry, "junk:1", by(key)), "Verified");

  const failing = image(registry, "failing");
  signLegacy(registry, "failing", failing, { key });
  registry.fault(/\/v2\/failing\/referrers\//, answerWith(500));
  t.equal(await reason(t, registry, "failing:1", by(key)), "Verified", "a good signature beside a place that failed");
  t.equal(await reason(t, registry, "failing:1", by(other)), "RegistryUnavailable", "the accepted one may lie just there");
});

t.test("what is remembered, and what is looked up again before a refusal", async (t) => {
  const registry = await serve(t);
  // Real time and what a test adds to it: the registry client, which is not to wait, has a clock of its own.
  let later = 0;
  const clock = { now: () => Date.now() + later, advance: (milliseconds: number) => void (later += milliseconds) };
  let policies = [policyOf(specOf(key))];
  const client = registryClient(t, registry);
  const verified: string[] = [];
  const observer = { lookup: (cache: string, result: string) => void (cache === "verifications" && verified.push(result)), inspected() {} };
  const settings = { tagSeconds: 10, foundSeconds: 600, absentSeconds: 5, maxBytes: 1 << 24, lookupMs: 6000, clock };
  const caches = createCaches({ registry: client, locatorOver: (each) => new Gatherer(each), verify: verifyDocument }, observer, settings);
  const ports = { ...inspectorPorts(caches.registry, caches.locator), verifications: caches.verifications, policies: { policiesFor: async () => policies } };
  const inspector = new Inspector(ports, { installation: EMPTY_KEYRING, isSigningRepository: () => true, platforms: [] });
  const subject = image(registry, "web");
  signLegacy(registry, "web", subject, { key });
  const now = async (): Promise<string> => {
    registry.reset();
    verified.length = 0;
    return (await ask(inspector, `${registry.host}/web@${subject}`, "both", clock.now())).verdict.reason;
  };
  t.equal(await now(), "Verified");
  t.same(verified, ["miss"]);
  clock.advance(599_000);
  t.equal(await now(), "Verified");
  t.equal(registry.requests.length, 0, "warm: no request");
  t.same(verified, ["hit"]);

  policies = [policyOf(specOf(other))];
  t.equal(await now(), "UntrustedSigner", "nothing that was verified by the old key answers for the new one");
  t.not(registry.requests.length, 0, "the list was minutes old, so it is looked up again");
  t.equal(await now(), "UntrustedSigner");
  t.equal(registry.requests.length, 0, "and not again within five seconds");
  signLegacy(registry, "web", subject, { key: other });
  clock.advance(5001);
  t.equal(await now(), "Verified", "a signature that was added meanwhile counts");
  policies = [policyOf({ ...specOf(key), threshold: 1 }), policyOf(specOf(third), { name: "more" })];
  t.equal(await now(), "UntrustedSigner");
});

t.test("what the registry wrote is in no message", async (t) => {
  const registry = await serve(t);
  const subject = image(registry, "evil");
  const word = "https://evil.example.com/INJECTED";
  attestBundle(registry, "evil", subject, { key: other, predicateType: word, predicate: { word } });
  signLegacy(registry, "evil", subject, { key: other, annotations: { word }, reference: word, layerAnnotations: { word } });
  for (const asked of [by(key), { policies: [policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, attestations: [{ predicateType: SPDX }] }] })] }]) {
    const { verdict } = await inspect(t, registry, "evil:1", asked);
    t.equal(verdict.kind, "untrusted");
    t.notMatch(JSON.stringify(verdict), /INJECTED/);
  }
});
