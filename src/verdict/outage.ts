import type { UndeterminedReason } from "./reason.ts";

/**
 * The registry could not be reached: nothing that it, its owner or anybody else decided. What was found earlier may
 * answer meanwhile (design, section 8).
 */
export function isUnreachable(reason: UndeterminedReason): boolean {
  return reason === "DeadlineExceeded" || isOutage(reason);
}

/**
 * What a namespace may let pass (`on-outage: allow`). Not the end of a request's time: whoever writes a Pod can use that
 * up, with many images or one with much attached to it. A registry that is silent is `RegistryUnavailable` before that.
 */
export function isOutage(reason: UndeterminedReason): boolean {
  return reason === "RateLimited" || reason === "RegistryUnavailable";
}
