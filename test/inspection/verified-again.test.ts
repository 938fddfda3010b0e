import t, { type Test } from "tap";
import { createCaches } from "../../src/adapters/cache/caches.ts";
import { computeDigest } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { parseReference } from "../../src/image/reference.ts";
import { arrayField, isObject, parseJsonObject } from "../../src/json.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { TrustPolicy } from "../../src/trust/trust-policy.ts";
import { verifyDocument } from "../../src/verify/verify.ts";
import { attestBundle, BUNDLE, bundleOf, signBundle } from "../helpers/cosign-bundle.ts";
import { attTag, signLegacy, sigTag } from "../helpers/cosign.ts";
import { artifact, describe, imageManifest, jsonBytes, push } from "../helpers/images.ts";
import { attestStatement, IN_TOTO, SLSA_PROVENANCE } from "../helpers/in-toto.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { pushReferrer } from "../helpers/referrer.ts";
import { registryClient } from "../helpers/registry-client.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { answerWith } from "../helpers/registry-faults.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();
const other = generateSigningKey();

/** An inspector with all its caches, on real time and what a test adds to it. */
async function setUp(t: Test) {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  let later = 0;
  const clock = { now: () => Date.now() + later };
  const client = registryClient(t, registry);
  const settings = { tagSeconds: 10, foundSeconds: 600, absentSeconds: 5, maxBytes: 1 << 24, lookupMs: 6000, clock };
  const caches = createCaches({ registry: client, locatorOver: (each) => new Gatherer(each), verify: verifyDocument }, { lookup() {}, inspected() {} }, settings);
  const policies: TrustPolicy[] = [policyOf(specOf(key))];
  const ports = { ...inspectorPorts(caches.registry, caches.locator), verifications: caches.verifications, policies: { policiesFor: async () => policies } };
  const inspector = new Inspector(ports, { installation: EMPTY_KEYRING, isSigningRepository: () => true, platforms: [] });
  const ask = async (name: string, level: "signed" | "verified" = "verified"): Promise<string> => {
    const question = { reference: parseReference(`${registry.host}/${name}`), level, rule: "both", namespace: "shop", keyring: EMPTY_KEYRING } as const;
    registry.reset();
    const { verdict } = await inspector.inspect(question, { deadline: clock.now() + 8000, signal: new AbortController().signal });
    return `${verdict.reason}, ${registry.requests.length === 0 ? "warm" : "asked"}`;
  };
  return { registry, policies, ask, wait: (milliseconds: number) => void (later += milliseconds) };
}

const image = (registry: RegistryDouble, name: string) => push(registry, name, imageManifest({ seed: name }), "1");

t.test("a location that failed once is asked again, also where another one held a signature", async (t) => {
  const { registry, ask } = await setUp(t);
  const subject = image(registry, "web");
  signLegacy(registry, "web", subject, { key: other });
  signBundle(registry, "web", subject, { key });
  registry.fault(/\/v2\/web\/referrers\//, answerWith(503));
  t.equal(await ask("web:1", "signed"), "Signed, asked");
  t.equal(await ask("web:1"), "RegistryUnavailable, asked", "the good one may lie just there");
  registry.heal();
  t.equal(await ask("web:1"), "Verified, asked", "and it does");
  t.equal(await ask("web:1"), "Verified, warm");
});

t.test("a location that keeps failing costs one look-up for each refusal, and none for a good signature elsewhere", async (t) => {
  const { registry, policies, ask } = await setUp(t);
  signLegacy(registry, "web", image(registry, "web"), { key });
  registry.fault(/\/v2\/web\/referrers\//, answerWith(503));
  t.equal(await ask("web:1"), "Verified, asked");
  t.equal(await ask("web:1"), "Verified, warm");
  policies[0] = policyOf(specOf(other));
  for (const time of ["first", "second"]) {
    t.equal(await ask("web:1"), "RegistryUnavailable, asked", time);
    t.equal(registry.requests.filter(({ path }) => path.includes("/referrers/")).length, 1, `${time}: once`);
  }
});

t.test("attestations are lists of their own, as fresh as a refusal needs them", async (t) => {
  const { registry, policies, ask, wait } = await setUp(t);
  const subject = image(registry, "web");
  attestBundle(registry, "web", subject, { key: other });
  policies[0] = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, attestations: [{ predicateType: "slsaprovenance1" }] }] });
  t.equal(await ask("web:1"), "AttestationMissing, asked");
  t.equal(await ask("web:1"), "AttestationMissing, warm");
  t.equal(await ask("web:1", "signed"), "Unsigned, asked", "signatures were not asked for yet");
  attestBundle(registry, "web", subject, { key });
  wait(5001);
  t.equal(await ask("web:1"), "Verified, asked", "one that was added meanwhile counts");
  wait(4000);
  t.equal(await ask("web:1"), "Verified, warm", "and is kept");
});

t.test("with its caches a first refusal costs what it costs at level signed", async (t) => {
  const { registry, ask } = await setUp(t);
  for (const name of ["one", "two"]) image(registry, name);
  t.equal(await ask("one:1", "signed"), "Unsigned, asked");
  const requests = registry.requests.length;
  t.equal(await ask("two:1"), "Unsigned, asked");
  t.equal(registry.requests.length, requests);
});

t.test("nothing that one image's evidence verified vouches for another's in the same bytes", async (t) => {
  const { registry, policies, ask } = await setUp(t);
  const [good, evil] = [image(registry, "good"), image(registry, "evil")];
  policies[0] = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, attestations: [{ predicateType: SLSA_PROVENANCE }] }] });
  // A genuine bundle about the good image, which is an envelope about the evil one as well.
  const payload = Buffer.from(jsonBytes(attestStatement("evil", [evil], SLSA_PROVENANCE, {}))).toString("base64");
  const bytes = bundleOf(good, { key, statement: () => attestStatement("good", [good], SLSA_PROVENANCE, {}), bundle: (bundle) => ({ ...bundle, payload, payloadType: IN_TOTO, signatures: [{ sig: "AAAA" }] }) });
  for (const [name, subject, mediaType] of [["good", good, BUNDLE], ["evil", evil, "application/vnd.dsse.envelope.v1+json"]] as const) {
    const config = jsonBytes({});
    const carrier = artifact([config, bytes], { schemaVersion: 2, mediaType: OCI_MANIFEST, config: describe("application/vnd.oci.empty.v1+json", config), layers: [describe(mediaType, bytes)] });
    push(registry, name, carrier, attTag(subject));
  }
  t.equal(await ask("good:1"), "Verified, asked");
  t.equal(await ask("evil:1"), "AttestationMissing, asked");
});

/** A manifest with its layers in front of it once more, as descriptors that lie about their size, or with these alone. */
function lying(bytes: Uint8Array, size: number, honest: "beside honest ones" | "alone") {
  const document = parseJsonObject(bytes) ?? {};
  const layers = (arrayField(document, "layers") ?? []).filter(isObject);
  const lies = layers.map((layer) => ({ ...layer, size }));
  return artifact([], { ...document, mediaType: OCI_MANIFEST, layers: honest === "alone" ? lies : [...lies, ...layers] });
}

t.test("a descriptor that lies about the size of a good document does not hide it", async (t) => {
  const { registry, ask } = await setUp(t);
  for (const [about, size] of [["too small", 1], ["too large to be read", 2 << 20]] as const) {
    const bundled = `bundle-${size}`;
    const good = registry.manifest(bundled, signBundle(registry, bundled, image(registry, bundled), { key }))?.bytes ?? new Uint8Array();
    // Two referrers name one blob; the one that lies is listed first.
    registry.remove(bundled, computeDigest("sha256", good));
    pushReferrer(registry, bundled, lying(good, size, "alone"), "cosign");
    pushReferrer(registry, bundled, artifact([], { ...parseJsonObject(good), mediaType: OCI_MANIFEST }), "cosign");
    t.equal(await ask(`${bundled}:1`), "Verified, asked", `${about}, in another referrer`);
    t.equal(await ask(`${bundled}:1`, "signed"), "Signed, warm");

    const layered = `layer-${size}`;
    const signed = image(registry, layered);
    signLegacy(registry, layered, signed, { key });
    push(registry, layered, lying(registry.manifest(layered, sigTag(signed))?.bytes ?? new Uint8Array(), size, "beside honest ones"), sigTag(signed));
    t.equal(await ask(`${layered}:1`), "Verified, asked", `${about}, in another layer`);
    t.equal(await ask(`${layered}:1`, "signed"), "Signed, warm");
  }
});
