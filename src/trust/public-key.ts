import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ASN1Obj } from "@sigstore/core";
import { CodedError } from "../errors.ts";

export type KeyFault = "NotPem" | "SeveralBlocks" | "PrivateKey" | "Certificate" | "Unsupported" | "Unreadable" | "TooWeak";

/** Why a text is no public key that may be trusted. The message says it to a person, and quotes nothing of the text. */
export class KeyError extends CodedError<KeyFault> {}

export type KeyKind = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "rsa-pss" | "ed25519";

/** A public key, parsed once. */
export interface PublicKey {
  readonly kind: KeyKind;
  readonly key: KeyObject;
  /** `sha256:` and the SHA-256 of its plain DER (SubjectPublicKeyInfo) in hexadecimal: equal for equal keys, however they are written. */
  readonly fingerprint: string;
}

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/;
const MIN_RSA_BITS = 2048;
/** OpenSSL verifies larger ones, slowly. */
const MAX_RSA_BITS = 16_384;

const CURVES: ReadonlyMap<string | undefined, KeyKind> = new Map([
  ["prime256v1", "ecdsa-p256"],
  ["secp384r1", "ecdsa-p384"],
  ["secp521r1", "ecdsa-p521"],
]);

/**
 * Parses one PEM block with a public key: `PUBLIC KEY` (RFC 7468, section 13), as cosign writes it, or PKCS #1's
 * `RSA PUBLIC KEY`. A certificate is refused although it holds a key: what signs with it would not be checked. Throws
 * KeyError.
 */
export function parsePublicKey(text: string): PublicKey {
  const written = readKey(text);
  const kind = kindOf(written);
  const key = plainKey(kind, written);
  const der = key.export({ type: "spki", format: "der" });
  return { kind, key, fingerprint: `sha256:${createHash("sha256").update(der).digest("hex")}` };
}

// One key may be written in several ways, and signers are counted by their keys: a curve's point compressed or a curve by
// its parameters, an RSA key with the padding that it is meant for. That padding stays in the kind.
function plainKey(kind: KeyKind, key: KeyObject): KeyObject {
  switch (kind) {
    case "ecdsa-p256":
    case "ecdsa-p384":
    case "ecdsa-p521":
      return createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" });
    case "rsa-pss": {
      const [, bits] = ASN1Obj.parseBuffer(key.export({ type: "spki", format: "der" })).subs;
      // The first byte of a bit string says how many bits of the last one are unused: none.
      return createPublicKey({ key: Buffer.from(bits?.value.subarray(1) ?? []), format: "der", type: "pkcs1" });
    }
    case "rsa":
    case "ed25519":
      return key;
  }
}

function readKey(text: string): KeyObject {
  const blocks = text.split("-----BEGIN ").length - 1;
  if (blocks > 1) throw new KeyError("SeveralBlocks", "holds several PEM blocks; give each key an authority of its own");
  const [, label = "", base64 = ""] = PEM.exec(text) ?? [];
  if (label.includes("PRIVATE")) {
    throw new KeyError("PrivateKey", "holds a private key: take it out of the cluster, replace it, and give its public key (`cosign public-key`)");
  }
  if (label === "CERTIFICATE") throw new KeyError("Certificate", "holds a certificate; give the public key alone (`openssl x509 -pubkey -noout`)");
  const type = label === "PUBLIC KEY" ? "spki" : label === "RSA PUBLIC KEY" ? "pkcs1" : undefined;
  if (type === undefined) throw new KeyError("NotPem", "is not one PEM block that begins with -----BEGIN PUBLIC KEY-----, and nothing else");
  try {
    return createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type });
  } catch (cause) {
    throw new KeyError("Unreadable", "is a PEM block, and what is in it is not a public key", { cause });
  }
}

function kindOf(key: KeyObject): KeyKind {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return "ed25519";
    case "rsa":
    case "rsa-pss":
      if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
        throw new KeyError("TooWeak", `is an RSA key of ${modulusLength} bits; from ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`);
      }
      return key.asymmetricKeyType;
    case "ec": {
      const kind = CURVES.get(namedCurve);
      if (kind !== undefined) return kind;
      break;
    }
    default:
  }
  throw new KeyError("Unsupported", "is of a kind that is not supported; use ECDSA on P-256, P-384 or P-521, RSA, or Ed25519");
}
