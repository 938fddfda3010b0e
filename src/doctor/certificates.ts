import { X509Certificate } from "node:crypto";
import { certificateBlocks } from "../certificate/pem.ts";

/** The certificates of a PEM text in their order; undefined where one of them, or the text, is none. */
export function readCertificates(pem: string): readonly X509Certificate[] | undefined {
  const blocks = certificateBlocks(pem);
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

export type Validity = "not-yet" | "valid" | "expiring" | "expired";

const DAY = 86_400_000;

/** `expiring`: whoever renews it should have done so. That is a sixth of its life, and never more than 30 days. */
export function validityAt({ validFromDate, validToDate }: X509Certificate, now: number): Validity {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  if (now < from) return "not-yet";
  if (now > to) return "expired";
  return to - now < Math.min(30 * DAY, (to - from) / 6) ? "expiring" : "valid";
}

/** Whether a chain, the leaf first, leads to one of the roots. Any certificate of a bundle is a root to the API server, as Go takes it. */
export function isTrusted([leaf, ...chain]: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  if (leaf === undefined) return false;
  if (roots.some((root) => root.fingerprint256 === leaf.fingerprint256 || isIssuer(root, leaf))) return true;
  const next = chain.find((each) => isIssuer(each, leaf));
  return next !== undefined && isTrusted([next, ...chain.filter((each) => each !== next)], roots);
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** `2026-11-26 07:30 UTC`. */
export function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
