import { constants, type KeyObject, verify, type VerifyKeyObjectInput } from "node:crypto";
import { ed25519ph } from "@noble/curves/ed25519.js";
import type { HashAlgorithm } from "../trust/authority.ts";
import type { PublicKey } from "../trust/public-key.ts";

/** How the signed bytes are wrapped: each of cosign's formats hashes in its own way. */
export type Wrapping = "simple-signing" | "envelope" | "bundle";

/** What a signature is checked with. */
export interface KeyCheck {
  readonly key: PublicKey;
  /** The only hash that counts; undefined: those that cosign uses. */
  readonly hash: HashAlgorithm | undefined;
  readonly wrapping: Wrapping;
}

/**
 * Whether a signature over these bytes was made with the key's other half. ECDSA signatures are DER, as cosign writes
 * them; a high S is accepted, since whoever can flip it has the signature already and signers are counted by their keys.
 * Whatever a library throws means that it does not verify.
 */
export function isSignedBy({ key, hash, wrapping }: KeyCheck, bytes: Uint8Array, signature: Uint8Array): boolean {
  switch (key.kind) {
    case "ed25519":
      // cosign signs the bytes themselves or their SHA-512 (Ed25519ph), by its version more than by its format. The first
      // try is what is likely; the pure form is ten times as fast.
      return wrapping === "bundle"
        ? isPrehashed(key.key, bytes, signature) || isVerified(null, bytes, key.key, signature)
        : isVerified(null, bytes, key.key, signature) || isPrehashed(key.key, bytes, signature);
    case "ecdsa-p256":
    case "ecdsa-p384":
    case "ecdsa-p521":
      return hashesOf(key, hash, wrapping).some((each) => isVerified(each, bytes, key.key, signature));
    case "rsa":
      return hashesOf(key, hash, wrapping).some((each) => isVerified(each, bytes, key.key, signature) || isVerified(each, bytes, pss(key.key), signature));
  }
}

const OWN_HASH: Readonly<Partial<Record<PublicKey["kind"], HashAlgorithm>>> = { "ecdsa-p384": "sha384", "ecdsa-p521": "sha512" };

// What is likely comes first: in a bundle the curve's own hash, in cosign's older formats SHA-256 for every key.
function hashesOf({ kind }: PublicKey, hash: HashAlgorithm | undefined, wrapping: Wrapping): readonly HashAlgorithm[] {
  if (hash !== undefined) return [hash];
  const own = OWN_HASH[kind];
  if (own === undefined) return ["sha256"];
  return wrapping === "bundle" ? [own, "sha256"] : ["sha256", own];
}

function pss(key: KeyObject): VerifyKeyObjectInput {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
}

function isVerified(hash: HashAlgorithm | null, bytes: Uint8Array, key: KeyObject | VerifyKeyObjectInput, signature: Uint8Array): boolean {
  try {
    return verify(hash, bytes, key, signature);
  } catch {
    return false;
  }
}

// node:crypto has no Ed25519ph (RFC 8032, section 5.1).
function isPrehashed(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    const { x = "" } = key.export({ format: "jwk" });
    return ed25519ph.verify(signature, bytes, Buffer.from(x, "base64url"), { zip215: false });
  } catch {
    return false;
  }
}
