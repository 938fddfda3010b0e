import type { X509Certificate } from "node:crypto";
import { type Certificates, type Found, isIssuedBy } from "./certificates.ts";
import { createCa, issueServing } from "./issue.ts";
import { isValid, type Lifetimes, renewalOf, settlingTime } from "./lifetime.ts";

/** What a replica knows when it looks at the shared certificates. */
export interface Situation {
  readonly now: number;
  readonly names: readonly string[];
  readonly lifetimes: Lifetimes;
  /** Since when every entry of the webhook configuration has been seen to trust the newest CA; undefined while one does not. */
  readonly trustedSince: number | undefined;
  /** What this replica took from the Secret last, and serves. */
  readonly remembered: Certificates | undefined;
}

/**
 * What is to be done with the shared certificates. A CA comes in two steps: `announce` has it trusted while the old one's
 * certificate is served, `switch` serves what it signed, once it has been trusted for a while.
 */
export type Change =
  | { readonly kind: "none"; /** The next look, in milliseconds since the epoch; infinite when only an event can bring one. */ readonly until: number }
  | { readonly kind: "create" | "replace" | "announce" | "switch" | "renew"; readonly next: Certificates };

/** Decides by what is in the Secret, the clock, and what this replica has seen: any replica may act, and go on where another stopped. */
export function nextChange(found: Found, situation: Situation): Change {
  const { ca, serving, olderCas } = found;
  if (ca === undefined) return withNewCa(found, situation);
  // Nothing is lost by a certificate that the API server may not trust yet, where there is none that it could trust.
  if (serving === undefined) return { kind: "renew", next: { ca, olderCas, serving: issueServing(ca, order(situation, "serving")) } };
  return scheduled({ ca, serving, olderCas }, situation);
}

function scheduled(current: Certificates, situation: Situation): Change {
  const { ca, serving, olderCas } = current;
  const { now, trustedSince, lifetimes } = situation;
  if (!isIssuedBy(serving.certificate, ca.certificate)) {
    const until = trustedSince === undefined ? Number.POSITIVE_INFINITY : trustedSince + settlingTime(lifetimes);
    if (now >= until) return { kind: "switch", next: { ...current, serving: issueServing(ca, order(situation, "serving")) } };
    return { kind: "none", until: Math.min(until, ...ends(current)) };
  }
  if (now >= renewalOf(ca.certificate)) {
    // The old key signs once more and is forgotten: what it signed now lasts while the new CA becomes known.
    const last = issueServing(ca, order(situation, "serving"));
    return { kind: "announce", next: { ca: createCa(order(situation, "ca")), olderCas: [ca.certificate, ...olderCas], serving: last } };
  }
  if (now >= renewalOf(serving.certificate)) return { kind: "renew", next: { ...current, serving: issueServing(ca, order(situation, "serving")) } };
  return { kind: "none", until: Math.min(renewalOf(ca.certificate), renewalOf(serving.certificate), ...ends(current)) };
}

// No key to sign with. Whatever is still good, in the Secret or in memory, goes on beside the new CA.
function withNewCa(found: Found, situation: Situation): Change {
  const { now, remembered } = situation;
  const ca = createCa(order(situation, "ca"));
  const known = distinct([...found.olderCas, ...(remembered === undefined ? [] : [remembered.ca.certificate, ...remembered.olderCas])]);
  const olderCas = known.filter((certificate) => isValid(certificate, now));
  const serving = found.serving ?? remembered?.serving;
  const isServable = serving !== undefined && isValid(serving.certificate, now) && olderCas.some((ca) => isIssuedBy(serving.certificate, ca));
  if (isServable) return { kind: "replace", next: { ca, olderCas, serving } };
  return { kind: found.faults.length === 0 ? "create" : "replace", next: { ca, olderCas, serving: issueServing(ca, order(situation, "serving")) } };
}

function order({ names, now, lifetimes }: Situation, what: keyof Lifetimes) {
  return { names, now, expires: now + lifetimes[what] };
}

function ends({ ca, olderCas, serving }: Certificates): readonly number[] {
  return [ca.certificate, ...olderCas, serving.certificate].map((certificate) => certificate.validToDate.getTime());
}

function distinct(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}
