import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

import { certificateBlocks } from "../../certificate/pem.ts";
import { CodedError } from "../../errors.ts";

/** `provisional`: only there until the lasting one comes, for probes, which trust anything. */
export type Standing = "provisional" | "lasting";

export interface ServingCertificate {
  readonly standing: Standing;
  /** PEM: the leaf first, then its chain. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCA: Buffer | undefined;
  readonly expires: Date;
}

/** A certificate that cannot be served. The message names the file and what is wrong; it quotes nothing of it. */
export class CertificateError extends CodedError<"Unreadable" | "Malformed" | "Mismatch"> {}

/** A certificate's bytes as they were at one look. */
export interface CertificateBytes {
  readonly standing: Standing;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCA: Buffer | undefined;
  /** What messages call each of them. */
  readonly origins: Readonly<Record<"cert" | "key" | "clientCA", string>>;
  /** Equal for equal contents. */
  readonly fingerprint: string;
}

/** Checks that the bytes can be served together. Throws CertificateError (Malformed, Mismatch). */
export function parseCertificate(bytes: CertificateBytes): ServingCertificate {
  const { origins } = bytes;
  const leaf = parseLeaf(bytes.cert, origins.cert);
  const key = parseKey(bytes.key, origins.key);
  if (!leaf.checkPrivateKey(key)) {
    throw new CertificateError("Mismatch", `the private key in ${origins.key} is not that of the certificate in ${origins.cert}`);
  }
  // An empty list of authorities would make TLS fall back to the public ones.
  if (bytes.clientCA !== undefined) parseAuthorities(bytes.clientCA, origins.clientCA);
  refuseChain(bytes, origins.cert);
  return { standing: bytes.standing, cert: bytes.cert, key: bytes.key, clientCA: bytes.clientCA, expires: leaf.validToDate };
}

function parseLeaf(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("Malformed", `${file} does not begin with a PEM certificate`, { cause });
  }
}

function parseKey(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CertificateError("Malformed", `${file} is not a PEM private key without a passphrase`, { cause });
  }
}

function parseAuthorities(pem: Buffer, file: string): void {
  const blocks = certificateBlocks(pem.toString("latin1"));
  if (blocks.length === 0) throw new CertificateError("Malformed", `${file} holds no PEM certificate`);
  for (const block of blocks) parseLeaf(Buffer.from(block), file);
}

function refuseChain(bytes: CertificateBytes, file: string): void {
  try {
    createSecureContext({ cert: bytes.cert, key: bytes.key });
  } catch (cause) {
    throw new CertificateError("Malformed", `the certificate chain in ${file} cannot be used`, { cause });
  }
}
