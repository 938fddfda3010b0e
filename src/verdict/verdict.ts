import type { Digest } from "../image/digest.ts";
import type { ExemptReason, TrustedReason, UndeterminedReason, UntrustedReason } from "./reason.ts";

/** The part of an index that a verdict speaks of. */
export interface FailedPart {
  /** `linux/arm64`, or `the index`. */
  readonly name: string;
  readonly digest: Digest;
  /** How many more parts failed. */
  readonly more: number;
}

/**
 * Which of several failures speaks for all: the first that is definite, else the first. What was refused for good is not
 * mended by asking again, so it must not hide behind what could not be found out.
 */
export function speakerOf<Failure>(failing: readonly Failure[], kindOf: (failure: Failure) => string): Failure | undefined {
  return failing.find((failure) => kindOf(failure) === "untrusted") ?? failing[0];
}

/**
 * The judgement on one image at one level. `detail` says what was (not) found, with its digests; `remedy` is a whole
 * sentence on what to do next. Neither holds text that a registry wrote.
 */
export type Verdict =
  | { readonly kind: "trusted"; readonly reason: TrustedReason; readonly detail: string }
  | { readonly kind: "exempt"; readonly reason: ExemptReason; readonly detail: string }
  | {
      readonly kind: "untrusted";
      readonly reason: UntrustedReason;
      readonly detail: string;
      readonly remedy: string;
      readonly part: FailedPart | undefined;
    }
  | {
      readonly kind: "undetermined";
      readonly reason: UndeterminedReason;
      readonly detail: string;
      readonly remedy: string;
      readonly part: FailedPart | undefined;
    };
