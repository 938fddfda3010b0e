import type { Digest } from "../image/digest.ts";
import { attestsDigest, type Candidate, claimsDigest } from "../signature/candidate.ts";
import type { Authority, KeyAuthority, Signer } from "../trust/authority.ts";
import type { PolicyDemand, ReadyPolicy } from "../trust/trust-policy.ts";
import type { Attempt, Postponed } from "../verify/verify.ts";
import { type Evidence, type Known, type Look, lookKey } from "./evidence.ts";
import type { AuthorityOutcome, RejectedCandidate, SubjectOutcome } from "./outcome.ts";
import { failedFinding } from "./policy-finding.ts";
import { soughtBy } from "./sought.ts";

/** What a policy asks the registries about one subject, each question once. */
export function looksOf({ authorities }: PolicyDemand, subject: Digest): readonly Look[] {
  return distinctLooks(authorities.flatMap((authority) => looksOfAuthority(authority, subject)));
}

/** Each question once. */
export function distinctLooks(looks: readonly Look[]): readonly Look[] {
  return looks.length < 2 ? looks : [...new Map(looks.map((look) => [lookKey(look), look])).values()];
}

/**
 * What a policy makes of one subject: satisfied when so many distinct signers are accepted by its authorities as its
 * threshold says. Undefined while a question of its is open or a verification postponed. A good signature beside a bad one, or beside a place that
 * failed, is good.
 */
export function judgeSubject(policy: ReadyPolicy, subject: Digest, known: Known, attempt: Attempt): SubjectOutcome | undefined {
  const looks = looksOf(policy.demand, subject);
  const evidence = evidenceOf(looks, known);
  if (evidence === undefined) return undefined;
  const authorities: AuthorityOutcome[] = [];
  const signers = new Set<string>();
  for (const authority of policy.demand.authorities) {
    if (signers.size >= policy.demand.threshold) break;
    const outcome = judgeAuthority(authority, subject, known, attempt);
    if (outcome.kind === "postponed") return undefined;
    authorities.push(outcome);
    // Signers are counted by their keys: one key is one signer, however often it signs and under however many names.
    if (outcome.kind === "accepted") signers.add(outcome.signer.fingerprint);
  }
  const hasDocument = evidence.some(({ candidates }) => candidates.some(({ claim }) => claim.kind === "claims" || claim.kind === "attests"));
  const finding = signers.size >= policy.demand.threshold ? ({ kind: "trusted" } as const) : failedFinding({ policy, subject, looks, evidence, authorities, signers: signers.size });
  return { finding, carriesDocument: hasDocument, authorities };
}

function looksOfAuthority(authority: Authority, subject: Digest): readonly Look[] {
  if (authority.kind !== "key") return [];
  return authority.sources.map((source) => ({ subject, sought: soughtBy(authority), source }));
}

function evidenceOf(looks: readonly Look[], known: Known): readonly Evidence[] | undefined {
  const found = looks.map((look) => known.get(lookKey(look)));
  return found.every((evidence) => evidence !== undefined) ? found : undefined;
}

function judgeAuthority(authority: Authority, subject: Digest, known: Known, attempt: Attempt): AuthorityOutcome | Postponed {
  if (authority.kind !== "key") return { kind: "static", name: authority.name, action: authority.kind };
  const candidates = (evidenceOf(looksOfAuthority(authority, subject), known) ?? []).flatMap((evidence) => evidence.candidates);
  const search = soughtBy(authority) === "attestations" ? findAttestations : findSignature;
  const signer: Signer = { kind: "key", fingerprint: authority.key.fingerprint };
  const found = search(candidates, subject, authority, attempt);
  return found.kind === "postponed" ? found : { ...found, name: authority.name, signer };
}

type Found = { readonly kind: "accepted"; readonly by: readonly Candidate[] } | { readonly kind: "rejected"; readonly missing: readonly string[]; readonly tried: readonly RejectedCandidate[] };

function findSignature(candidates: readonly Candidate[], subject: Digest, authority: KeyAuthority, attempt: Attempt): Found | Postponed {
  const tried: RejectedCandidate[] = [];
  for (const candidate of candidates) {
    if (candidate.claim.kind !== "claims") continue;
    const verification = claimsDigest(candidate, subject) ? attempt(candidate.claim.document, authority) : ({ kind: "rejected", fault: "OtherSubject" } as const);
    if (verification.kind === "postponed") return verification;
    if (verification.kind === "verified") return { kind: "accepted", by: [candidate] };
    tried.push({ candidate, fault: verification.fault });
  }
  return { kind: "rejected", missing: [], tried };
}

function findAttestations(candidates: readonly Candidate[], subject: Digest, authority: KeyAuthority, attempt: Attempt): Found | Postponed {
  const tried: RejectedCandidate[] = [];
  const found = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { claim } = candidate;
    if (claim.kind !== "attests") continue;
    if (!attestsDigest(candidate, subject)) tried.push({ candidate, fault: "OtherSubject" });
    else if (!authority.attestations.includes(claim.predicateType)) tried.push({ candidate, fault: "OtherPredicate" });
    else if (!found.has(claim.predicateType)) {
      const verification = attempt(claim.document, authority);
      if (verification.kind === "postponed") return verification;
      if (verification.kind === "verified") found.set(claim.predicateType, candidate);
      else tried.push({ candidate, fault: verification.fault });
    }
  }
  const missing = authority.attestations.filter((type) => !found.has(type));
  return missing.length > 0 ? { kind: "rejected", missing, tried } : { kind: "accepted", by: [...found.values()] };
}
