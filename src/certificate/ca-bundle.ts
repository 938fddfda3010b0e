import type { X509Certificate } from "node:crypto";
import { certificatesIn } from "./certificates.ts";
import { isValid } from "./lifetime.ts";

/**
 * What somebody else put into a `caBundle` stays for so long after this replica first saw it, in milliseconds: the Pods of
 * another revision may still serve what it covers, and a rollout that hangs may do so until somebody is at work again.
 */
export const FOREIGN_STAY = 24 * 3_600_000;

/** A `caBundle` as it should be; undefined where it trusts what it should, and no more. */
export function wantedBundle(current: string, cas: readonly X509Certificate[], isKept: (foreign: X509Certificate) => boolean): string | undefined {
  const present = certificatesIn(current);
  const ours = new Set(cas.map(({ fingerprint256 }) => fingerprint256));
  const foreign = present.filter(({ fingerprint256 }) => !ours.has(fingerprint256));
  const kept = foreign.filter(isKept);
  if (kept.length === foreign.length && isTrusted(current, cas)) return undefined;
  return [...cas, ...kept].map(String).join("");
}

/** Whether a `caBundle` has all of these. */
export function isTrusted(bundle: string, cas: readonly X509Certificate[]): boolean {
  const present = new Set(certificatesIn(bundle).map(({ fingerprint256 }) => fingerprint256));
  return cas.every(({ fingerprint256 }) => present.has(fingerprint256));
}

/** Remembers when each certificate of others was first seen. */
export class ForeignCas {
  readonly #firstSeen = new Map<string, number>();

  /** Whether it stays: it is good, and has not been here for long. */
  isKept(certificate: X509Certificate, now: number): boolean {
    const { fingerprint256 } = certificate;
    const since = this.#firstSeen.get(fingerprint256) ?? now;
    this.#firstSeen.set(fingerprint256, since);
    return isValid(certificate, now) && now < since + FOREIGN_STAY;
  }

  /** Forgets what is there no more: whoever puts it back has the whole time again. */
  forgetAllBut(present: readonly X509Certificate[]): void {
    const prints = new Set(present.map(({ fingerprint256 }) => fingerprint256));
    for (const print of this.#firstSeen.keys()) if (!prints.has(print)) this.#firstSeen.delete(print);
  }

  /** When the next one goes, in milliseconds since the epoch; infinite when there is none. */
  nextEnd(now: number): number {
    const ends = [...this.#firstSeen.values()].map((since) => since + FOREIGN_STAY).filter((end) => end > now);
    return Math.min(Number.POSITIVE_INFINITY, ...ends);
  }
}
