import type { Call, Clock } from "../../inspection/ports.ts";
import type { Candidate } from "../../signature/candidate.ts";
import type { Evidence, FailedLocation } from "../../verdict/evidence.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import { isUnreachable } from "../../verdict/outage.ts";

/** Something that was found, and when, in milliseconds by the clock. */
export interface Earlier {
  readonly evidence: Evidence;
  readonly at: number;
}

/**
 * A look-up whose answer is known from earlier does not use up its caller's time: half of it, so that what comes after
 * has time as well.
 */
export function halfOf(call: Call, clock: Clock): Call {
  const now = clock.now();
  const half = (until: number): number => now + Math.max(0, until - now) / 2;
  return { ...call, deadline: half(call.deadline), patience: half(call.patience ?? call.deadline) };
}

/** Whether an error says no more than that the registry cannot be reached. */
export function isUnreachableError(error: unknown): error is UndeterminedError {
  return error instanceof UndeterminedError && isUnreachable(error.code);
}

/** Whether nothing but the reach of some location keeps a look-up from being whole. */
export function isPartlyUnreachable({ failed }: Evidence): boolean {
  return failed.length > 0 && failed.every(({ reason }) => isUnreachable(reason));
}

/**
 * What was found earlier in the locations that cannot be reached now, beside what is found now. The failures stay, so
 * that this can make an image trusted and nothing else: what is missing beside a failure is never a refusal. Where a
 * location answers, or refuses us, its answer holds.
 */
export function withEarlier(now: Evidence, { evidence, at }: Earlier, clock: Clock): Evidence {
  if (!isPartlyUnreachable(now)) return now;
  const silent = new Set(now.failed.map(({ location }) => location));
  const known = new Set(now.candidates.map(documentOf));
  const added = evidence.candidates.filter((candidate) => {
    const document = documentOf(candidate);
    return silent.has(candidate.location) && document !== undefined && !known.has(document);
  });
  if (added.length === 0) return now;
  return { ...now, candidates: [...now.candidates, ...added], staleSeconds: Math.max(0, clock.now() - at) / 1000 };
}

/** The answer of a look-up that did not end in time: each place where something was found earlier has failed. */
export function failedAsFound({ evidence }: Earlier, { code: reason, message }: UndeterminedError): Evidence {
  const locations = new Set(evidence.candidates.map(({ location }) => location));
  const failed = [...locations].map((location): FailedLocation => ({ location, reason, message }));
  return { subject: evidence.subject, candidates: [], failed, exhausted: [] };
}

function documentOf({ claim }: Candidate): string | undefined {
  return claim.kind === "claims" || claim.kind === "attests" ? claim.document.id : undefined;
}
