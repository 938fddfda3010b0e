import { createPublicKey, generateKeyPairSync } from "node:crypto";
import t from "tap";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import type { KeyAuthority } from "../../src/trust/authority.ts";
import { parsePublicKey } from "../../src/trust/public-key.ts";
import { verifyDocument } from "../../src/verify/verify.ts";
import { simpleSigningPayload } from "../helpers/cosign.ts";
import { writingsOf } from "../helpers/key-writings.ts";
import { policyOf } from "../helpers/policies.ts";
import { generateSigningKey, type KeyKind } from "../helpers/signing-key.ts";

const PAYLOAD = simpleSigningPayload(`sha256:${"a".repeat(64)}`, "a.b/c");

/** The authority of a policy that holds this text as its key. */
function authorityOf(text: string): KeyAuthority {
  const { state } = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: text } }] });
  const authority = state.kind === "ready" ? state.authorities[0] : undefined;
  if (authority?.kind !== "key") throw new TypeError(JSON.stringify(state));
  return authority;
}

t.test("one key has one fingerprint and verifies the same, however it is written", async (t) => {
  const kinds: readonly KeyKind[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "ed25519"];
  for (const kind of kinds) {
    const key = generateSigningKey(kind);
    const claim = decodeSimpleSigning(PAYLOAD, new Map([[SIGNATURE_ANNOTATION, key.sign(PAYLOAD, "legacy")]]));
    const usual = authorityOf(key.publicKey);
    for (const [name, text] of Object.entries(writingsOf(key))) {
      const authority = authorityOf(text);
      t.equal(authority.key.fingerprint, usual.key.fingerprint, `${kind} ${name}`);
      t.equal(authority.revision, usual.revision, `${kind} ${name}: its revision`);
      t.equal(claim.kind === "claims" && verifyDocument(claim.document, authority).kind, "verified", `${kind} ${name}`);
    }
  }
  const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).publicKey;
  const named = createPublicKey({ key: explicit.export({ format: "jwk" }), format: "jwk" });
  const [long = "", short = ""] = [explicit, named].map((key) => key.export({ type: "spki", format: "pem" }).toString());
  t.ok(long.length > short.length + 200, "a curve by its parameters");
  t.equal(parsePublicKey(long).fingerprint, parsePublicKey(short).fingerprint);
});

t.test("an RSA key that proves nothing, or that cosign cannot read, is refused", async (t) => {
  const jwk = generateSigningKey("rsa").key.export({ format: "jwk" });
  const withExponent = (e: string): string => createPublicKey({ key: { ...jwk, e: Buffer.from(e, "hex").toString("base64url") }, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
  for (const e of ["03", "010001", "7fffffff"]) t.equal(parsePublicKey(withExponent(e)).kind, "rsa", e);
  for (const e of ["01", "02", "010000", "80000001"]) t.throws(() => parsePublicKey(withExponent(e)), { code: "TooWeak", message: /public exponent/ }, e);
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" }).toString();
  t.throws(() => parsePublicKey(pss), { code: "Unsupported", message: /for PSS alone/ });
});

t.test("the fingerprint is the hint that cosign writes into bundles", async (t) => {
  for (const kind of ["ecdsa-p256", "rsa", "ed25519"] as const) {
    const { publicKey, hint } = generateSigningKey(kind);
    t.equal(parsePublicKey(publicKey).fingerprint, `sha256:${Buffer.from(hint, "base64").toString("hex")}`, kind);
  }
});
