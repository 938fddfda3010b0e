import t from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import { decodeBundle } from "../../src/signature/bundle.ts";
import type { Candidate, Claim, UnreadableReason } from "../../src/signature/candidate.ts";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import type { ReadyPolicy, TrustPolicy } from "../../src/trust/trust-policy.ts";
import type { Evaluation } from "../../src/verdict/evaluate.ts";
import { type Evidence, IMAGE_SOURCE, lookKey } from "../../src/verdict/evidence.ts";
import { settle } from "../../src/verdict/governed.ts";
import type { ImageTree } from "../../src/verdict/index-rule.ts";
import { VerifiedAssessment } from "../../src/verdict/verified.ts";
import { type Postponed, type Verification, verifyDocument } from "../../src/verify/verify.ts";
import { type BundleSignatureOptions, bundleOf } from "../helpers/cosign-bundle.ts";
import { simpleSigningPayload } from "../helpers/cosign.ts";
import { attestStatement, SLSA_PROVENANCE } from "../helpers/in-toto.ts";
import { writingsOf } from "../helpers/key-writings.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { generateSigningKey, type SigningKey } from "../helpers/signing-key.ts";
import { withField } from "../helpers/tweak.ts";

const digest = (name: string): Digest => computeDigest("sha256", Buffer.from(name));
const [IMAGE, OTHER, INDEX, AMD, ARM, CARRIER] = ["image", "other", "index", "amd64", "arm64", "carrier"].map(digest) as [Digest, Digest, Digest, Digest, Digest, Digest];
const SHOP = { host: "harbor.example.com", path: "shop/web" };
const SPDX = "https://spdx.dev/Document";
const [key, other, third] = [generateSigningKey(), generateSigningKey(), generateSigningKey("rsa")];

/** What lies at a subject, or what became of a location. */
type Item = Candidate | "down" | "full";

const candidate = (claim: Claim, layout: Candidate["layout"]): Candidate => ({ digest: CARRIER, layout, location: "referrers", claim });
const unreadable = (reason: UnreadableReason): Item => candidate({ kind: "unreadable", reason }, "unknown");
const NOTATION = candidate({ kind: "instead" }, "notation");

function layer(by: SigningKey, subject = IMAGE, signature?: string): Item {
  const payload = simpleSigningPayload(subject, "harbor.example.com/shop/web");
  return candidate(decodeSimpleSigning(payload, new Map([[SIGNATURE_ANNOTATION, signature ?? by.sign(payload, "legacy")]])), "simple-signing");
}

function bundle(by: SigningKey, subject = IMAGE, change: Partial<BundleSignatureOptions> = {}): Item {
  const { layout, claim } = decodeBundle(bundleOf(subject, { key: by, ...change }));
  return candidate(claim, layout);
}

const attestation = (by: SigningKey, subject = IMAGE, type = SLSA_PROVENANCE): Item => bundle(by, subject, { statement: () => attestStatement("web", [subject], type, {}) });

function evidenceOf(subject: Digest, items: readonly Item[]): Evidence {
  return {
    subject,
    candidates: items.filter((item) => typeof item !== "string"),
    failed: items.includes("down") ? [{ location: "referrers", reason: "RegistryUnavailable", message: "harbor.example.com answered 503" }] : [],
    exhausted: items.includes("full") ? ["referrers"] : [],
  };
}

/** Asks an assessment's questions until it has none left, as the inspection does. */
function judge(policies: readonly TrustPolicy[], tree: ImageTree, found: Readonly<Record<Digest, readonly Item[]>>): Evaluation {
  const governed = settle(policies, parseReference("harbor.example.com/shop/web:1"));
  const ready: readonly ReadyPolicy[] = governed.kind === "open" ? governed.policies : [];
  const assessment = new VerifiedAssessment({ policies: ready, rule: "both", home: { repository: SHOP, signatures: undefined }, attempt: verifyDocument });
  const known = new Map<string, Evidence>();
  for (let missing = assessment.missing(tree, known); missing.length > 0; missing = assessment.missing(tree, known)) {
    for (const look of missing) known.set(lookKey(look), evidenceOf(look.subject, found[look.subject] ?? []));
  }
  return assessment.evaluate(tree, known);
}

const SINGLE: ImageTree = { kind: "manifest", digest: IMAGE };
const MULTI: ImageTree = { kind: "index", digest: INDEX, platforms: [{ platform: "linux/amd64", digest: AMD, path: [INDEX] }, { platform: "linux/arm64", digest: ARM, path: [INDEX] }] };
const single = (spec: object, ...items: readonly Item[]) => judge([policyOf(spec)], SINGLE, { [IMAGE]: items }).verdict;
const fingerprint = ({ hint }: SigningKey): string => `sha256:${Buffer.from(hint, "base64").toString("hex")}`;

const wantsKey = specOf(key);
const wantsType = (...types: readonly string[]): object => withField(wantsKey, "authorities.0.attestations", types.map((predicateType) => ({ predicateType })));
const wantsEither = { images: [{ glob: "**" }], authorities: [{ key: { data: other.publicKey } }, { key: { data: key.publicKey }, attestations: [{ predicateType: SLSA_PROVENANCE }] }] };

t.test("one image under one policy: which finding speaks", async (t) => {
  const certificate = bundle(key, IMAGE, { bundle: (good) => ({ ...good, verificationMaterial: { certificate: { rawBytes: "MIIB" }, tlogEntries: [] } }) });
  const rows: readonly (readonly [about: string, spec: object, items: readonly Item[], reason: string])[] = [
    ["a signature", wantsKey, [layer(key)], "Verified"],
    ["a bundle", wantsKey, [bundle(key)], "Verified"],
    ["nothing", wantsKey, [], "Unsigned"],
    ["something else", wantsKey, [NOTATION], "Unsigned"],
    ["an attestation for a signature", wantsKey, [attestation(key)], "Unsigned"],
    ["another key", wantsKey, [layer(other)], "UntrustedSigner"],
    ["another key beside the good one", wantsKey, [layer(other), layer(key, IMAGE, "!"), layer(key, OTHER), unreadable("Malformed"), NOTATION, layer(key)], "Verified"],
    ["another image's", wantsKey, [layer(key, OTHER), bundle(key, OTHER)], "ClaimMismatch"],
    ["another image's beside another key's", wantsKey, [layer(key, OTHER), layer(other)], "UntrustedSigner"],
    ["another image's beside one that cannot be read", wantsKey, [unreadable("Malformed"), layer(key, OTHER)], "ClaimMismatch"],
    ["a certificate in the key's place", wantsKey, [certificate], "UntrustedSigner"],
    ["one that cannot be read", wantsKey, [unreadable("DigestMismatch")], "DigestMismatch"],
    ["one that the registry keeps back", wantsKey, [NOTATION, unreadable("BlockedByRegistry")], "BlockedByRegistry"],
    ["a location that failed", wantsKey, ["down"], "RegistryUnavailable"],
    ["a location that failed beside another key's", wantsKey, ["down", layer(other)], "RegistryUnavailable"],
    ["a location that failed beside the good one", wantsKey, ["down", "full", layer(key)], "Verified"],
    ["more than is read", wantsKey, ["full", layer(other)], "TooLarge"],
    ["more than is read, and a location that failed", wantsKey, ["full", "down"], "RegistryUnavailable"],

    ["an attestation", wantsType(SLSA_PROVENANCE), [attestation(key)], "Verified"],
    ["both types", wantsType(SLSA_PROVENANCE, SPDX), [attestation(key), attestation(key, IMAGE, SPDX)], "Verified"],
    ["one type of two", wantsType(SLSA_PROVENANCE, SPDX), [attestation(key)], "AttestationMissing"],
    ["one type by another key", wantsType(SLSA_PROVENANCE, SPDX), [attestation(key), attestation(other, IMAGE, SPDX)], "AttestationMissing"],
    ["another image's attestation", wantsType(SLSA_PROVENANCE), [attestation(key, OTHER)], "AttestationMissing"],
    ["another type", wantsType(SLSA_PROVENANCE), [attestation(key, IMAGE, SPDX)], "AttestationMissing"],
    ["a signature for an attestation", wantsType(SLSA_PROVENANCE), [bundle(key)], "AttestationMissing"],
    ["no attestation at all", wantsType(SLSA_PROVENANCE), [], "Unsigned"],
    ["an attestation that cannot be read", wantsType(SLSA_PROVENANCE), [unreadable("Malformed")], "Malformed"],
    ["an attestation that the registry keeps back", wantsType(SLSA_PROVENANCE), [NOTATION, unreadable("BlockedByRegistry")], "BlockedByRegistry"],
    ["an attestation that cannot be read beside another type", wantsType(SLSA_PROVENANCE), [unreadable("Malformed"), attestation(key, IMAGE, SPDX)], "AttestationMissing"],
    ["an attestation where a location failed", wantsType(SLSA_PROVENANCE), ["down", attestation(other)], "RegistryUnavailable"],

    ["either: a signature", wantsEither, [layer(other)], "Verified"],
    ["either: an attestation", wantsEither, [attestation(key)], "Verified"],
    ["either: each by the other's key", wantsEither, [layer(key), attestation(other)], "UntrustedSigner"],
    ["either: the attestation by another key", wantsEither, [attestation(other)], "AttestationMissing"],
    ["either: nothing", wantsEither, [], "Unsigned"],
  ];
  for (const [about, spec, items, reason] of rows) t.equal(single(spec, ...items).reason, reason, about);
});

t.test("signers are counted, not signatures, authorities or writings of a key", async (t) => {
  const of = (threshold: number, ...texts: readonly string[]): object => ({ images: [{ glob: "**" }], threshold, authorities: texts.map((data) => ({ key: { data } })) });
  const everywhere: readonly Item[] = [layer(key), layer(key), bundle(key), bundle(key), attestation(key)];
  t.equal(single(of(2, key.publicKey, other.publicKey), ...everywhere).reason, "ThresholdNotMet", "one key in every layout, twice");
  for (const each of [key, third]) {
    const texts = Object.values(writingsOf(each));
    t.equal(single(of(2, ...texts), layer(each), bundle(each)).reason, "ThresholdNotMet", `one ${each.kind} key in ${texts.length} writings`);
  }
  const two = of(2, key.publicKey, other.publicKey, third.publicKey);
  t.equal(single(two, layer(key)).reason, "ThresholdNotMet");
  t.equal(single(two, layer(third), bundle(other)).reason, "Verified", "two of three");
  t.equal(single(two, layer(third), bundle(other, OTHER)).reason, "ThresholdNotMet", "the second one's is for another image");
  t.equal(single(two, layer(third), bundle(key, IMAGE, { bundle: (good) => ({ ...good, verificationMaterial: { publicKey: { hint: other.hint } } }) })).reason, "Verified", "a hint says nothing");
  t.equal(single(two, "down", layer(third)).reason, "RegistryUnavailable", "the missing one may lie just there");
  t.equal(single(two).reason, "Unsigned");
  t.equal(single(two, layer(generateSigningKey())).reason, "UntrustedSigner");
  const mixed = { images: [{ glob: "**" }], threshold: 2, authorities: [{ key: { data: key.publicKey } }, { key: { data: key.publicKey }, attestations: [{ predicateType: SLSA_PROVENANCE }] }] };
  t.equal(single(mixed, layer(key), attestation(key)).reason, "ThresholdNotMet", "a signature and an attestation by one key");
});

t.test("the message names policy, authority, candidate and fault", async (t) => {
  const [a, b] = [fingerprint(key), fingerprint(other)];
  const named = { images: [{ glob: "**" }], authorities: [{ name: "release", key: { data: key.publicKey } }, { key: { data: other.publicKey } }] };
  t.equal(
    single(named, layer(third), layer(key, OTHER), layer(key, IMAGE, "!")).detail,
    `ClusterTrustPolicy "release": no signature on ${IMAGE} is of a signer that it accepts: ` +
      `authority "release" (key ${a}) finds no signature by it (the signature in ${CARRIER} was not made with that key over these bytes; the signature in ${CARRIER} is for another digest; the signature in ${CARRIER} is not base64); ` +
      `authority "authority-1" (key ${b}) finds no signature by it (the signature in ${CARRIER} was not made with that key over these bytes; the signature in ${CARRIER} is for another digest; the signature in ${CARRIER} is not base64)`,
  );
  t.equal(
    single(withField(named, "threshold", 2), layer(other)).detail,
    `ClusterTrustPolicy "release": 1 of the 2 distinct signers that it asks for has signed ${IMAGE}; ` +
      `authority "release" (key ${a}) finds no signature by it (the signature in ${CARRIER} was not made with that key over these bytes); authority "authority-1" accepts key ${b}`,
  );
  t.equal(
    single(wantsType(SLSA_PROVENANCE, SPDX), attestation(key), attestation(key, IMAGE, "https://evil.example.com/x")).detail,
    `ClusterTrustPolicy "release": ${IMAGE} lacks an attestation that it asks for: ` +
      `authority "authority 0" (key ${a}) finds no attestation of type "${SPDX}" by it (the attestation in ${CARRIER} is of another type)`,
  );
  t.equal(single(named, bundle(key)).detail, `satisfies ClusterTrustPolicy "release" by "release" (key ${a})`);
  t.equal(single(withField(named, "threshold", 2), bundle(key), layer(other)).detail, `satisfies ClusterTrustPolicy "release" by "release" (key ${a}) and "authority-1" (key ${b})`);
});

t.test("a platform that an index covers names who signed the index", async (t) => {
  const covered = policyOf({ ...wantsKey, index: "covered" });
  const whole = judge([covered], MULTI, { [INDEX]: [layer(key, INDEX)] });
  t.equal(whole.verdict.detail, `satisfies ClusterTrustPolicy "release" by "authority 0" (key ${fingerprint(key)})`);
  t.match(whole.policies[0]?.subjects, [{ name: "linux/amd64", digest: AMD, authorities: [{ kind: "accepted" }] }, { digest: ARM, authorities: [{ kind: "accepted" }] }]);
  const each = judge([covered], MULTI, { [INDEX]: [layer(other, INDEX)], [AMD]: [layer(key, AMD)], [ARM]: [layer(key, ARM)] });
  t.equal(each.verdict.reason, "Verified");
  const half = judge([covered], MULTI, { [INDEX]: [layer(other, INDEX)], [AMD]: [layer(key, AMD)] });
  t.match(half.verdict, { reason: "PlatformUnsigned", part: { name: "linux/arm64", digest: ARM, more: 0 } });
});

t.test("policies beside one another: each by its own rule, and the first that fails speaks", async (t) => {
  const index = policyOf({ ...wantsKey, index: "index" }, { name: "index" });
  const children = policyOf({ ...specOf(other), index: "children" }, { name: "children" });
  const found = { [INDEX]: [layer(key, INDEX)], [AMD]: [bundle(other, AMD)], [ARM]: [bundle(other, ARM)] };
  t.equal(judge([index, children], MULTI, found).verdict.reason, "Verified");
  t.match(judge([index, children], MULTI, { ...found, [ARM]: [bundle(key, ARM)] }).verdict, { reason: "UntrustedSigner", part: { name: "linux/arm64" }, detail: /^ClusterTrustPolicy "children"/ });
  t.match(judge([index, children], MULTI, { ...found, [INDEX]: [layer(other, INDEX)] }).verdict, { reason: "UntrustedSigner", part: { name: "the index" }, detail: /^ClusterTrustPolicy "index"/ });

  const narrow = policyOf(specOf(third), { name: "a", kind: "TrustPolicy" });
  const strict = policyOf(specOf(other), { name: "z" });
  t.match(judge([narrow, strict], SINGLE, { [IMAGE]: [layer(key)] }).verdict.detail, /^ClusterTrustPolicy "z"/, "the cluster's first");
  const signedPolicy = policyOf(wantsType(SLSA_PROVENANCE), { name: "b" });
  t.match(judge([strict, signedPolicy], SINGLE, { [IMAGE]: [layer(other), "down"] }).verdict, { kind: "undetermined", reason: "RegistryUnavailable" });
  t.equal(judge([], SINGLE, { [IMAGE]: [layer(key)] }).verdict.kind, "undetermined", "an image that no policy asks about never passes");
});

t.test("a definite failure beats one that could not be found out", async (t) => {
  const elsewhere = policyOf(withField(specOf(key), "authorities.0.source", [{ oci: "harbor.example.com/signatures" }]), { name: "a" });
  const here = policyOf(specOf(key), { name: "b" });
  const assessment = new VerifiedAssessment({ policies: [elsewhere, here].flatMap(({ id, state }) => (state.kind === "ready" ? [{ id, demand: state }] : [])), rule: "both", home: { repository: SHOP, signatures: undefined }, attempt: verifyDocument });
  const known = new Map(assessment.looksAt(IMAGE).map((look) => [lookKey(look), evidenceOf(IMAGE, look.source.kind === "image" ? [layer(other)] : ["down"])]));
  t.equal(known.size, 2);
  t.match(assessment.evaluate(SINGLE, known).verdict, { kind: "untrusted", reason: "UntrustedSigner", detail: /^ClusterTrustPolicy "b"/ });
  t.match(assessment.evaluate(SINGLE, known).policies.map(({ verdict }) => verdict.kind), ["undetermined", "untrusted"]);
});

t.test("a verification that was put off leaves the question open, and one that is never made is beyond the limits", async (t) => {
  const policy = policyOf(wantsKey);
  const policies: readonly ReadyPolicy[] = policy.state.kind === "ready" ? [{ id: policy.id, demand: policy.state }] : [];
  const known = new Map([[lookKey({ subject: IMAGE, sought: "signatures", source: IMAGE_SOURCE }), evidenceOf(IMAGE, [layer(key)])]]);
  const answers: (Verification | Postponed)[] = [{ kind: "postponed" }, { kind: "postponed" }, { kind: "rejected", fault: "NotTried" }];
  const assessment = new VerifiedAssessment({ policies, rule: "both", home: { repository: SHOP, signatures: undefined }, attempt: () => answers.shift() ?? { kind: "postponed" } });
  t.same(assessment.missing(SINGLE, known), [], "nothing to ask for");
  t.match(assessment.evaluate(SINGLE, known).verdict, { kind: "undetermined", reason: "InternalError" }, "whoever judges too early lets nothing in");
  t.match(assessment.evaluate(SINGLE, known).verdict, { kind: "untrusted", reason: "TooLarge" });
});
