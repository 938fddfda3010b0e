import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type CertificateBytes, CertificateError } from "./certificate.ts";

/** Where the serving certificate comes from. */
export interface CertificateSource {
  /** What is there now. Throws CertificateError (Unreadable). */
  read(): Promise<CertificateBytes>;
}

/** Where the serving certificate lies. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** The authority of the callers' certificates; undefined where callers are not asked for one. */
  readonly clientCAFile: string | undefined;
}

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Files, read through whatever symbolic links stand today, which is how a mounted Secret changes. */
export function certificateFiles(files: CertificateFiles): CertificateSource {
  return {
    read: async () => {
      const cert = await readBytes("certificate", files.certFile);
      const key = await readBytes("private key", files.keyFile);
      const clientCA = await readClientCA(files.clientCAFile);
      const origins = { cert: files.certFile, key: files.keyFile, clientCA: files.clientCAFile ?? "" };
      return { standing: "lasting", cert, key, clientCA, origins, fingerprint: fingerprint([cert, key, clientCA]) };
    },
  };
}

/** A certificate that somebody hands over while we run; until then a provisional one, which nobody trusts, answers the probes. */
export class HeldCertificate implements CertificateSource {
  readonly #clientCAFile: string | undefined;
  #held: Pick<CertificateBytes, "standing" | "cert" | "key">;

  constructor(provisional: Pair, clientCAFile: string | undefined) {
    this.#held = { standing: "provisional", ...bytesOf(provisional) };
    this.#clientCAFile = clientCAFile;
  }

  hold(pair: Pair): void {
    this.#held = { standing: "lasting", ...bytesOf(pair) };
  }

  async read(): Promise<CertificateBytes> {
    const held = this.#held;
    const clientCA = await readClientCA(this.#clientCAFile);
    const origins = { cert: "the certificate", key: "the private key", clientCA: this.#clientCAFile ?? "" };
    return { ...held, clientCA, origins, fingerprint: fingerprint([held.cert, held.key, clientCA]) };
  }
}

function bytesOf({ cert, key }: Pair) {
  return { cert: Buffer.from(cert), key: Buffer.from(key) };
}

async function readClientCA(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : await readBytes("client CA", file);
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

function fingerprint(parts: readonly (Buffer | undefined)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part?.length ?? 0}:`).update(part ?? Buffer.alloc(0));
  return hash.digest("hex");
}
