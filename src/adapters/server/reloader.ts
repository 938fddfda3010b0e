import { CertificateError, parseCertificate, type ServingCertificate } from "./certificate.ts";
import type { CertificateSource } from "./certificate-source.ts";

export interface ReloadListener {
  /** A certificate that can be served; the first one included. */
  loaded(certificate: ServingCertificate): void;
  /** The source has something that cannot be served. Told once for each thing that is wrong. */
  kept(cause: CertificateError): void;
}

export type ReloadOutcome = "unchanged" | "loaded" | "kept";

/**
 * Compares what the source has with what is served, by content: neither the swap of a mounted Secret's `..data` nor
 * a copy over the file slips past it, and a pair that is half written is left for the next look.
 */
export class CertificateReloader {
  readonly #source: CertificateSource;
  readonly #listener: ReloadListener;
  #seen = "";
  #checking: Promise<ReloadOutcome> = Promise.resolve("unchanged");

  constructor(source: CertificateSource, listener: ReloadListener) {
    this.#source = source;
    this.#listener = listener;
  }

  /** The first load. Throws CertificateError: without a certificate there is nothing to start with. */
  async load(): Promise<ServingCertificate> {
    const bytes = await this.#source.read();
    const certificate = parseCertificate(bytes);
    this.#seen = bytes.fingerprint;
    this.#listener.loaded(certificate);
    return certificate;
  }

  /** One look at the source, after the one that is under way, which may have missed the latest. Never throws. */
  check(): Promise<ReloadOutcome> {
    this.#checking = this.#checking.then(() => this.#look());
    return this.#checking;
  }

  async #look(): Promise<ReloadOutcome> {
    try {
      const bytes = await this.#source.read();
      if (bytes.fingerprint === this.#seen) return "unchanged";
      // Remembered before it is judged, so that a bad pair is told of once.
      this.#seen = bytes.fingerprint;
      this.#listener.loaded(parseCertificate(bytes));
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
