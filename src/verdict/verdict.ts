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
