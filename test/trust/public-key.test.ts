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
      // A key for PSS alone takes nothing else, so it is another question to whoever remembers answers.
      const isPss = name === "for PSS alone";
      t.equal(authority.revision === usual.revision, !isPss, `${kind} ${name}: its revision`);
      if (claim.kind === "claims") t.equal(verifyDocument(claim.document, authority).kind, isPss ? "rejected" : "verified", `${kind} ${name}: PKCS #1 v1.5, where there is a choice`);
    }
  }
  const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).publicKey;
  const named = createPublicKey({ key: explicit.export({ format: "jwk" }), format: "jwk" });
  const [long = "", short = ""] = [explicit, named].map((key) => key.export({ type: "spki", format: "pem" }).toString());
  t.ok(long.length > short.length + 200, "a curve by its parameters");
  t.equal(parsePublicKey(long).fingerprint, parsePublicKey(short).fingerprint);
});

t.test("a key for PSS verifies PSS signatures, and no others", async (t) => {
  const key = generateSigningKey("rsa-pss");
  const text = writingsOf(key)["for PSS alone"] ?? "";
  t.equal(parsePublicKey(text).kind, "rsa-pss");
  const claim = decodeSimpleSigning(PAYLOAD, new Map([[SIGNATURE_ANNOTATION, key.sign(PAYLOAD, "legacy")]]));
  t.equal(claim.kind === "claims" && verifyDocument(claim.document, authorityOf(text)).kind, "verified");
  t.not(authorityOf(text).key.fingerprint, authorityOf(generateSigningKey("rsa").publicKey).key.fingerprint);
});

t.test("the fingerprint is the hint that cosign writes into bundles", async (t) => {
  for (const kind of ["ecdsa-p256", "rsa", "ed25519"] as const) {
    const { publicKey, hint } = generateSigningKey(kind);
    t.equal(parsePublicKey(publicKey).fingerprint, `sha256:${Buffer.from(hint, "base64").toString("hex")}`, kind);
  }
});
