/** What the API server waits for a webhook that does not say otherwise, in milliseconds. */
const DEFAULT_TIMEOUT = 10_000;
/** What the answer's way back may take, in milliseconds. */
const WAY_BACK = 500;
/** Judging for `warn` and `audit` alone must not hold anybody up for longer, in milliseconds. */
const ADVISORY = 2000;
/** Running Pods are looked at for at most so long, in milliseconds. */
const REHEARSAL = 1000;

/**
 * Milliseconds that a request may take, counted from its first byte (design, section 9): what is configured, and no
 * more than what the API server's own timeout leaves.
 */
export function requestBudget(configured: number, timeout: number | undefined): number {
  const given = timeout !== undefined && timeout > 0 ? timeout : DEFAULT_TIMEOUT;
  return Math.min(configured, Math.max(given / 2, given - WAY_BACK));
}

/** Milliseconds for images that only `warn` and `audit` ask for. */
export function advisoryBudget(left: number): number {
  return Math.min(left, ADVISORY);
}

/** Milliseconds for the running Pods of a namespace that is being relabelled (design, section 2). */
export function rehearsalBudget(left: number): number {
  return Math.min(left / 2, REHEARSAL);
}
