import type { X509Certificate } from "node:crypto";
import { BACKDATE } from "./issue.ts";

/** How long what is issued is good for, in milliseconds. */
export interface Lifetimes {
  readonly ca: number;
  readonly serving: number;
}

export function isValid(certificate: X509Certificate, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && now < certificate.validToDate.getTime();
}

/** When a certificate of ours was made. */
export function madeAt(certificate: X509Certificate): number {
  return certificate.validFromDate.getTime() + BACKDATE;
}

/** The instant from which a certificate should be replaced: after two thirds of its life, the backdating left out. */
export function renewalOf(certificate: X509Certificate): number {
  const made = madeAt(certificate);
  return made + ((certificate.validToDate.getTime() - made) * 2) / 3;
}

const SETTLING = 60_000;

/**
 * How long every entry must have trusted a new CA before anything that it signed is served: longer than the slowest API
 * server takes to see a changed webhook configuration. CAs that live for minutes have less time for it.
 */
export function settlingTime({ ca }: Lifetimes): number {
  return Math.min(SETTLING, ca / 30);
}
