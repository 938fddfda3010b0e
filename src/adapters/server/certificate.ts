import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

import { CodedError } from "../../errors.ts";

/** Where the serving certificate lies. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** The authority of the callers' certificates; undefined where callers are not asked for one. */
  readonly clientCAFile: string | undefined;
}

export interface ServingCertificate {
  /** PEM: the leaf first, then its chain. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCA: Buffer | undefined;
  readonly expires: Date;
}

/** Certificate files that cannot be served. The message names the file and what is wrong; it quotes nothing of it. */
export class CertificateError extends CodedError<"Unreadable" | "Malformed" | "Mismatch"> {}

/** The three files' bytes as they were at one look. */
export interface CertificateBytes {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCA: Buffer | undefined;
  /** Equal for equal contents. */
  readonly fingerprint: string;
}

/**
 * Reads the files through whatever symbolic links stand today, which is how a mounted Secret changes. Throws
 * CertificateError (Unreadable).
 */
export async function readCertificateFiles(files: CertificateFiles): Promise<CertificateBytes> {
  const cert = await readBytes("certificate", files.certFile);
  const key = await readBytes("private key", files.keyFile);
  const clientCA = files.clientCAFile === undefined ? undefined : await readBytes("client CA", files.clientCAFile);
  const hash = createHash("sha256");
  for (const part of [cert, key, clientCA ?? Buffer.alloc(0)]) hash.update(`${part.length}:`).update(part);
  return { cert, key, clientCA, fingerprint: hash.digest("hex") };
}

/** Checks that the bytes can be served together. Throws CertificateError (Malformed, Mismatch). */
export function parseCertificate(bytes: CertificateBytes, files: CertificateFiles): ServingCertificate {
  const leaf = parseLeaf(bytes.cert, files.certFile);
  const key = parseKey(bytes.key, files.keyFile);
  if (!leaf.checkPrivateKey(key)) {
    throw new CertificateError("Mismatch", `the private key in ${files.keyFile} is not that of the certificate in ${files.certFile}`);
  }
  // An empty list of authorities would make TLS fall back to the public ones.
  if (bytes.clientCA !== undefined) parseAuthorities(bytes.clientCA, files.clientCAFile ?? "");
  refuseChain(bytes, files.certFile);
  return { cert: bytes.cert, key: bytes.key, clientCA: bytes.clientCA, expires: leaf.validToDate };
}

async function readBytes(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CertificateError("Unreadable", `the ${what} file ${file} cannot be read (${errorCode(cause)})`, { cause });
  }
}

function errorCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
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
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
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
