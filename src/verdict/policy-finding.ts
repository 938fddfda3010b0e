import type { Digest } from "../image/digest.ts";
import { attestsDigest, type Candidate, claimsDigest } from "../signature/candidate.ts";
import { policyLabel, type ReadyPolicy } from "../trust/trust-policy.ts";
import { type Finding, mismatchDetail, unreadableDetail, unsignedDetail } from "./claim.ts";
import type { Evidence, Look } from "./evidence.ts";
import { authorityText, authorityTexts } from "./explain.ts";
import type { AuthorityOutcome } from "./outcome.ts";
import type { UntrustedReason } from "./reason.ts";
import { seeks } from "./sought.ts";

/** A policy that is not satisfied for a subject, and everything that was seen. */
export interface Failure {
  readonly policy: ReadyPolicy;
  readonly subject: Digest;
  readonly looks: readonly Look[];
  /** What each look found, in the same order. */
  readonly evidence: readonly Evidence[];
  readonly authorities: readonly AuthorityOutcome[];
  /** How many distinct signers were accepted. */
  readonly signers: number;
}

/**
 * Why a policy is not satisfied. What could not be looked at comes first, since the signature may lie just there; then
 * what tells a person most.
 */
export function failedFinding(failure: Failure): Finding {
  const { policy, subject, evidence } = failure;
  for (const [i, { failed }] of evidence.entries()) {
    const unread = failed[0];
    if (unread !== undefined) return { kind: "undetermined", reason: unread.reason, detail: unread.message, source: failure.looks[i]?.source };
  }
  const [reason, detail] = isBeyondLimits(failure)
    ? (["TooLarge", `${subject} has more accessories than are looked at, and none that is accepted among those that were`] as const)
    : reasonOf(failure);
  return { kind: "untrusted", reason, detail: `${policyLabel(policy.id)}: ${detail}`, source: failure.looks[0]?.source };
}

function isBeyondLimits({ evidence, authorities }: Failure): boolean {
  const isCut = authorities.some((outcome) => outcome.kind === "rejected" && outcome.tried.some(({ fault }) => fault === "NotTried"));
  return isCut || evidence.some(({ exhausted }) => exhausted.length > 0);
}

function reasonOf(failure: Failure): readonly [UntrustedReason, string] {
  const { policy, subject, evidence, authorities, signers } = failure;
  const { threshold } = policy.demand;
  if (signers > 0) {
    return ["ThresholdNotMet", `${signers} of the ${threshold} distinct signers that it asks for ${signers === 1 ? "has" : "have"} signed ${subject}; ${authorityTexts(authorities)}`];
  }
  const candidates = evidence.flatMap((each) => each.candidates);
  const wantsSignature = seeks(policy.demand, "signatures");
  const wantsAttestation = seeks(policy.demand, "attestations");
  if (wantsSignature && candidates.some((candidate) => claimsDigest(candidate, subject))) {
    return ["UntrustedSigner", `no signature on ${subject} is of a signer that it accepts: ${authorityTexts(authorities)}`];
  }
  const isAttested = (candidate: Candidate): boolean => (wantsSignature ? attestsDigest(candidate, subject) : candidate.claim.kind === "attests");
  if (wantsAttestation && candidates.some(isAttested)) return attestationMissing(failure);
  if (wantsSignature && candidates.some(({ claim }) => claim.kind === "claims")) return ["ClaimMismatch", mismatchDetail(subject, candidates)];
  const unreadable = candidates.map(({ claim }) => claim).find((claim) => claim.kind === "unreadable");
  if (unreadable !== undefined) return [unreadable.reason, unreadableDetail(subject, unreadable.reason)];
  if (wantsAttestation && !wantsSignature && candidates.length > 0) return attestationMissing(failure);
  const [first] = authorities;
  if (wantsSignature || first === undefined) return ["Unsigned", unsignedDetail(subject, candidates)];
  return ["Unsigned", `nothing is attached to ${subject}; ${authorityText(first)}`];
}

function attestationMissing({ subject, authorities }: Failure): readonly [UntrustedReason, string] {
  return ["AttestationMissing", `${subject} lacks an attestation that it asks for: ${authorityTexts(authorities)}`];
}
