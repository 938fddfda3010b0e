import type { UndeterminedReason } from "./reason.ts";

/**
 * It could not be found out whether something has changed: what was found earlier may answer meanwhile (design, section 8).
 * That is a signature for this very content, so a registry that answers what nobody expects may be passed over too.
 */
export function isUnreachable(reason: UndeterminedReason): boolean {
  return reason === "DeadlineExceeded" || reason === "UnexpectedAnswer" || isOutage(reason);
}

/**
 * What a namespace may let pass (`on-outage: allow`): nothing that the registry, its owner or anybody else decided. So not
 * the end of a request's time: whoever writes a Pod can use that up, with many images or one with much attached to it; a
 * registry that is silent is `RegistryUnavailable` before that. And not an answer that is no failure of the registry's:
 * whoever writes a Pod can name what it answers so.
 */
export function isOutage(reason: UndeterminedReason): boolean {
  return reason === "RateLimited" || reason === "RegistryUnavailable";
}
