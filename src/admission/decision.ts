import type { Reason } from "../verdict/reason.ts";

/** One thing that a refusal rests on. */
export interface Cause {
  readonly reason: Reason;
  /** The path in the object that was sent. */
  readonly field: string;
  readonly message: string;
}

/** Audit annotations; the lines of one are joined, and one without lines is left out. */
export type Annotations = Readonly<Partial<Record<AnnotationKey, readonly string[]>>>;
export type AnnotationKey = "enforce-level" | "audit-violations" | "warn-violations" | "exempt" | "outage" | "stale" | "error";

/** What becomes of a request; `reason` is the metric's. */
export type Decision =
  | { readonly kind: "allow"; readonly reason: Reason; readonly warnings: readonly string[]; readonly annotations: Annotations }
  | Denial;

/** `forbidden` is a workload's refusal, `invalid` a bad label's. */
export interface Denial {
  readonly kind: "forbidden" | "invalid";
  readonly reason: Reason;
  readonly causes: readonly Cause[];
  /** Lines of the message besides the causes' own. */
  readonly notes: readonly string[];
  readonly annotations: Annotations;
}

/** It was not for us to judge. */
export const SKIPPED: Decision = { kind: "allow", reason: "Skipped", warnings: [], annotations: {} };

/** There was nothing to refuse. */
export const ADMITTED: Decision = { kind: "allow", reason: "Admitted", warnings: [], annotations: {} };

/** Refused for something that is wrong with the request as a whole. */
export function refuseFor(cause: Cause): Decision {
  return { kind: "forbidden", reason: cause.reason, causes: [cause], notes: [], annotations: { error: [cause.message] } };
}

/** Let in in spite of it, by an entry that does not refuse for this. */
export function warnOf(cause: Cause): Decision {
  return { kind: "allow", reason: cause.reason, warnings: [cause.message], annotations: { error: [cause.message] } };
}
