import type { Digest } from "../image/digest.ts";
import type { Candidate } from "../signature/candidate.ts";
import type { Signer } from "../trust/authority.ts";
import type { PolicyId } from "../trust/trust-policy.ts";
import type { VerifyFault } from "../verify/verify.ts";
import type { SubjectFinding } from "./index-rule.ts";
import type { Verdict } from "./verdict.ts";

/** Why a candidate is none that an authority could accept. `OtherPredicate`: an attestation of another type. */
export type CandidateFault = VerifyFault | "OtherSubject" | "OtherPredicate";

export interface RejectedCandidate {
  readonly candidate: Candidate;
  readonly fault: CandidateFault;
}

/** What one authority made of one subject. */
export type AuthorityOutcome =
  | { readonly kind: "accepted"; readonly name: string; readonly signer: Signer; readonly by: readonly Candidate[] }
  /** `missing`: the predicate types of attestations that it did not find; empty where it looks for a signature. */
  | { readonly kind: "rejected"; readonly name: string; readonly signer: Signer; readonly missing: readonly string[]; readonly tried: readonly RejectedCandidate[] }
  | { readonly kind: "static"; readonly name: string; readonly action: "pass" | "fail" };

/** What one policy made of one subject. */
export interface SubjectOutcome extends SubjectFinding {
  readonly authorities: readonly AuthorityOutcome[];
}

/** What one policy made of one image; `subjects` are empty when it was decided without a look. */
export interface PolicyOutcome {
  readonly id: PolicyId;
  readonly verdict: Verdict;
  readonly subjects: readonly { readonly name: string; readonly digest: Digest; readonly authorities: readonly AuthorityOutcome[] }[];
}
