import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { ed25519ph } from "@noble/curves/ed25519.js";

/** `ed25519ph` is an Ed25519 key that signs bundles as cosign 3 does; `ed25519` signs them in the pure form. */
export type KeyKind = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "rsa-pss" | "ed25519" | "ed25519ph";

/** The layouts of cosign 2 and the bundles of cosign 3 hash differently before some keys sign. */
export type SignatureFormat = "legacy" | "bundle";

export interface SigningKey {
  readonly kind: KeyKind;
  /** PEM (SPKI), as `cosign generate-key-pair` writes its `.pub`. */
  readonly publicKey: string;
  /** The same key, for other writings of it. */
  readonly key: KeyObject;
  /** What a bundle says of the key: base64 of the SHA-256 of its DER. */
  readonly hint: string;
  /** Base64, as annotations and envelopes carry it. */
  sign(bytes: Uint8Array, format: SignatureFormat): string;
}

/**
 * A throw-away key that signs as cosign does: ECDSA in DER, RSA in PKCS #1 v1.5, both over SHA-256 (in a bundle P-384 over
 * SHA-384 and P-521 over SHA-512), Ed25519 in the pure form and, as `ed25519ph` in a bundle, over the SHA-512.
 */
export function generateSigningKey(kind: KeyKind = "ecdsa-p256"): SigningKey {
  const { publicKey, privateKey } = generate(kind);
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    kind,
    key: publicKey,
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    hint: createHash("sha256").update(der).digest("base64"),
    sign: (bytes, format) => Buffer.from(signatureOf({ kind, format }, bytes, privateKey)).toString("base64"),
  };
}

function generate(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case "ecdsa-p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ecdsa-p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "ecdsa-p521":
      return generateKeyPairSync("ec", { namedCurve: "P-521" });
    case "rsa":
    case "rsa-pss":
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
    case "ed25519":
    case "ed25519ph":
      return generateKeyPairSync("ed25519");
  }
}

function signatureOf({ kind, format }: { readonly kind: KeyKind; readonly format: SignatureFormat }, bytes: Uint8Array, key: KeyObject): Uint8Array {
  if (kind === "ed25519ph" && format === "bundle") return ed25519ph.sign(bytes, Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign(hashOf(kind, format), bytes, kind === "rsa-pss" ? pss : key);
}

function hashOf(kind: KeyKind, format: SignatureFormat): "sha256" | "sha384" | "sha512" | null {
  if (kind === "ed25519" || kind === "ed25519ph") return null;
  if (format === "bundle" && kind === "ecdsa-p384") return "sha384";
  return format === "bundle" && kind === "ecdsa-p521" ? "sha512" : "sha256";
}
