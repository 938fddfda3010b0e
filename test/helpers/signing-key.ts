import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type KeyKind = "ecdsa-p256" | "ecdsa-p384" | "rsa" | "ed25519";

/** The layouts of cosign 2 and the bundles of cosign 3 hash differently before a P-384 key signs. */
export type SignatureFormat = "legacy" | "bundle";

export interface SigningKey {
  readonly kind: KeyKind;
  /** PEM (SPKI), as `cosign generate-key-pair` writes its `.pub`. */
  readonly publicKey: string;
  /** What a bundle says of the key: base64 of the SHA-256 of its DER. */
  readonly hint: string;
  /** Base64, as annotations and envelopes carry it. */
  sign(bytes: Uint8Array, format: SignatureFormat): string;
}

/**
 * A throw-away key that signs as cosign does: ECDSA in DER, RSA in PKCS #1 v1.5, both over SHA-256 (P-384 in a bundle:
 * SHA-384). Ed25519 is always the pure form, which cosign 3 verifies but does not write into bundles.
 */
export function generateSigningKey(kind: KeyKind = "ecdsa-p256"): SigningKey {
  const { publicKey, privateKey } = generate(kind);
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    kind,
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    hint: createHash("sha256").update(der).digest("base64"),
    sign: (bytes, format) => sign(hashOf(kind, format), bytes, privateKey).toString("base64"),
  };
}

function generate(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case "ecdsa-p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ecdsa-p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "rsa":
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
    case "ed25519":
      return generateKeyPairSync("ed25519");
  }
}

function hashOf(kind: KeyKind, format: SignatureFormat): "sha256" | "sha384" | null {
  if (kind === "ed25519") return null;
  return kind === "ecdsa-p384" && format === "bundle" ? "sha384" : "sha256";
}
