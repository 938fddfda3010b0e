import {
  CertificateError,
  type CertificateFiles,
  parseCertificate,
  readCertificateFiles,
  type ServingCertificate,
} from "./certificate.ts";

export interface ReloadListener {
  /** A certificate that can be served; the first one included. */
  loaded(certificate: ServingCertificate): void;
  /** The files hold something that cannot be served. Told once for each thing that is wrong. */
  kept(cause: CertificateError): void;
}

export type ReloadOutcome = "unchanged" | "loaded" | "kept";

/**
 * Compares the certificate files with what is served, by content: neither the swap of a mounted Secret's `..data` nor
 * a copy over the file slips past it, and a pair that is half written is left for the next look.
 */
export class CertificateReloader {
  readonly #files: CertificateFiles;
  readonly #listener: ReloadListener;
  #seen = "";
  #checking: Promise<ReloadOutcome> | undefined;

  constructor(files: CertificateFiles, listener: ReloadListener) {
    this.#files = files;
    this.#listener = listener;
  }

  /** The first load. Throws CertificateError: without a certificate there is nothing to start with. */
  async load(): Promise<ServingCertificate> {
    const bytes = await readCertificateFiles(this.#files);
    const certificate = parseCertificate(bytes, this.#files);
    this.#seen = bytes.fingerprint;
    this.#listener.loaded(certificate);
    return certificate;
  }

  /** One look at the files. Never throws; a look that is under way is shared. */
  check(): Promise<ReloadOutcome> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #look(): Promise<ReloadOutcome> {
    try {
      const bytes = await readCertificateFiles(this.#files);
      if (bytes.fingerprint === this.#seen) return "unchanged";
      // Remembered before it is judged, so that a bad pair is told of once.
      this.#seen = bytes.fingerprint;
      this.#listener.loaded(parseCertificate(bytes, this.#files));
      return "loaded";
    } catch (thrown) {
      return this.#keep(thrown);
    }
  }

  #keep(thrown: unknown): ReloadOutcome {
    const cause = thrown instanceof CertificateError ? thrown : new CertificateError("Malformed", "the certificate was refused", { cause: thrown });
    if (cause.code !== "Unreadable") this.#listener.kept(cause);
    else if (this.#seen !== cause.message) {
      this.#seen = cause.message;
      this.#listener.kept(cause);
    }
    return "kept";
  }
}
