import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { CodedError } from "../errors.ts";

export type KeyFault = "NotPem" | "SeveralBlocks" | "PrivateKey" | "Certificate" | "Unsupported" | "Unreadable" | "TooWeak";

/** Why a text is no public key that may be trusted. The message says it to a person, and quotes nothing of the text. */
export class KeyError extends CodedError<KeyFault> {}

export type KeyKind = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "ed25519";

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
/** With 1, whoever can count makes a signature; what Go and so cosign cannot read (over 31 bits) nobody has signed with. */
const RSA_EXPONENTS = { least: 3n, most: 2n ** 31n - 1n };

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

// One key may be written in several ways, and signers are counted by their keys: a curve's point may be compressed, and the
// curve given by its parameters.
function plainKey(kind: KeyKind, key: KeyObject): KeyObject {
  const isCurve = kind !== "rsa" && kind !== "ed25519";
  return isCurve ? createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" }) : key;
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
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return "ed25519";
    case "rsa":
      refuseWeak(key);
      return "rsa";
    case "rsa-pss":
      throw new KeyError("Unsupported", "is an RSA key for PSS alone, which cosign cannot read; give it as a plain RSA key: PSS signatures of it are accepted");
    case "ec": {
      const kind = CURVES.get(key.asymmetricKeyDetails?.namedCurve);
      if (kind !== undefined) return kind;
      break;
    }
    default:
  }
  throw new KeyError("Unsupported", "is of a kind that is not supported; use ECDSA on P-256, P-384 or P-521, RSA, or Ed25519");
}

function refuseWeak(key: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
    throw new KeyError("TooWeak", `is an RSA key of ${modulusLength} bits; from ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`);
  }
  if (publicExponent < RSA_EXPONENTS.least || publicExponent > RSA_EXPONENTS.most || publicExponent % 2n === 0n) {
    throw new KeyError("TooWeak", "is an RSA key with a public exponent that no tool chooses; 65537 is usual");
  }
}
