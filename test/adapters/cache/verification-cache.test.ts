import t from "tap";
import { VerificationCache } from "../../../src/adapters/cache/verification-cache.ts";
import { computeDigest } from "../../../src/image/digest.ts";
import { decodeBundle } from "../../../src/signature/bundle.ts";
import type { Claim, SignedDocument } from "../../../src/signature/candidate.ts";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../../src/signature/cosign.ts";
import { decodeAttestation } from "../../../src/signature/envelope.ts";
import type { HashAlgorithm, KeyAuthority } from "../../../src/trust/authority.ts";
import { type Verification, verifyDocument } from "../../../src/verify/verify.ts";
import { manualClock } from "../../helpers/clock.ts";
import { bundleOf } from "../../helpers/cosign-bundle.ts";
import { simpleSigningPayload } from "../../helpers/cosign.ts";
import { attestStatement, IN_TOTO, SLSA_PROVENANCE } from "../../helpers/in-toto.ts";
import { policyOf, specOf } from "../../helpers/policies.ts";
import { generateSigningKey, type SigningKey } from "../../helpers/signing-key.ts";
import { withField } from "../../helpers/tweak.ts";

const SIGNED = computeDigest("sha256", Buffer.from("signed"));
const EVIL = computeDigest("sha256", Buffer.from("evil"));
const key = generateSigningKey();

function setUp(maxBytes = 1 << 20) {
  const seen: string[] = [];
  const cache = new VerificationCache(verifyDocument, { lookup: (_cache, result) => void seen.push(result) }, { maxBytes, clock: manualClock() });
  const ask = (document: SignedDocument, authority: KeyAuthority): string => `${verified(cache, document, authority).kind}, ${seen.at(-1)}`;
  return { cache, ask };
}

const verified = (cache: VerificationCache, document: SignedDocument, authority: KeyAuthority): Verification => cache.recall(document, authority) ?? cache.verify(document, authority);

function documentOf(claim: Claim): SignedDocument {
  if (claim.kind !== "claims" && claim.kind !== "attests") throw new TypeError(`no signed document: ${claim.kind}`);
  return claim.document;
}

/** The authority of a policy that wants this key, as the inspection has it. */
function authorityOf(signer: SigningKey, hashAlgorithm?: HashAlgorithm): KeyAuthority {
  const spec = hashAlgorithm === undefined ? specOf(signer) : withField(specOf(signer), "authorities.0.key.hashAlgorithm", hashAlgorithm);
  const { state } = policyOf(spec);
  const authority = state.kind === "ready" ? state.authorities[0] : undefined;
  if (authority?.kind !== "key") throw new TypeError("no authority with a key");
  return authority;
}

const simple = (signature: string, payload = simpleSigningPayload(SIGNED, "a.b/c"), annotations: readonly (readonly [string, string])[] = []): SignedDocument =>
  documentOf(decodeSimpleSigning(payload, new Map([[SIGNATURE_ANNOTATION, signature], ...annotations])));

t.test("the same bytes under another key, another hash or another signature are another question", async (t) => {
  const { ask } = setUp();
  const payload = simpleSigningPayload(SIGNED, "a.b/c");
  const good = simple(key.sign(payload, "legacy"));
  t.equal(ask(good, authorityOf(key)), "verified, miss");
  t.equal(ask(simple(key.sign(payload, "legacy")), authorityOf(key)), "verified, miss", "another signature by the same key");
  t.equal(ask(good, authorityOf(key)), "verified, hit");
  t.equal(ask(good, authorityOf(generateSigningKey())), "rejected, miss", "a rotated key");
  t.equal(ask(good, authorityOf(key, "sha512")), "rejected, miss", "another hash is stated");
  t.equal(ask(good, authorityOf(key, "sha256")), "verified, miss");
  t.equal(ask(simple("AAAA"), authorityOf(key)), "rejected, miss");
  t.equal(ask(simple("AAAA"), authorityOf(key)), "rejected, hit", "a refusal is as final as a pass");
  t.equal(ask(simple("AAAA", payload, [["b", "c"]]), authorityOf(key)), "rejected, miss");
  t.equal(ask(simple("AAAA", payload, [["bc", ""]]), authorityOf(key)), "rejected, miss", "annotations that are alike when run together");
});

t.test("bytes that are a bundle and a bare envelope at once: what verified as the one says nothing of the other", async (t) => {
  const statement = attestStatement("a.b/evil", [EVIL], SLSA_PROVENANCE, {});
  const payload = Buffer.from(JSON.stringify(statement)).toString("base64");
  const bytes = bundleOf(SIGNED, { key, bundle: (bundle) => ({ ...bundle, payload, payloadType: IN_TOTO, signatures: [{ sig: "AAAA" }] }) });
  const [bundle, envelope] = [decodeBundle(bytes).claim, decodeAttestation(bytes)];
  t.match([bundle, envelope], [{ kind: "claims", digests: [SIGNED] }, { kind: "attests", digests: [EVIL] }], "two documents in the same bytes");
  for (const order of [[bundle, envelope], [envelope, bundle]]) {
    const { cache } = setUp();
    for (const claim of order) t.equal(verified(cache, documentOf(claim), authorityOf(key)).kind, claim === bundle ? "verified" : "rejected", `${claim.kind}, with ${order[0]?.kind} first`);
  }
});

t.test("what is remembered stays within its bytes, and what was forgotten is verified anew", async (t) => {
  const { cache, ask } = setUp(10_000);
  const payload = simpleSigningPayload(SIGNED, "a.b/c");
  const good = simple(key.sign(payload, "legacy"));
  t.equal(ask(good, authorityOf(key)), "verified, miss");
  for (let i = 0; i < 200; i += 1) ask(simple("AAAA", payload, [["i", String(i)]]), authorityOf(key));
  t.ok(cache.known.bytes <= 10_000, `${cache.known.bytes} bytes`);
  t.equal(ask(good, authorityOf(key)), "verified, miss");
});
