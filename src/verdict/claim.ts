import type { Digest } from "../image/digest.ts";
import { type Candidate, claimsDigest, type Layout, type UnreadableReason } from "../signature/candidate.ts";
import type { Source } from "../trust/authority.ts";
import type { Evidence } from "./evidence.ts";
import type { UndeterminedReason, UntrustedReason } from "./reason.ts";

/**
 * What the evidence says of one subject digest, before any index rule. `source`: where it would have to be, or could not
 * be looked at; the image's own repository when absent.
 */
export type Finding =
  | { readonly kind: "trusted" }
  | { readonly kind: "untrusted"; readonly reason: UntrustedReason; readonly detail: string; readonly source?: Source | undefined }
  | { readonly kind: "undetermined"; readonly reason: UndeterminedReason; readonly detail: string; readonly source?: Source | undefined };

/**
 * Level `signed`: whether a cosign signature document claims exactly this digest. A good claim beside a location that
 * failed is good; absence beside one is undetermined, since the signature may lie just there.
 */
export function findClaim(evidence: Evidence): Finding {
  const { subject, candidates, failed, exhausted } = evidence;
  if (candidates.some((candidate) => claimsDigest(candidate, subject))) return { kind: "trusted" };
  const failure = failed[0];
  if (failure !== undefined) return { kind: "undetermined", reason: failure.reason, detail: failure.message };
  if (exhausted.length > 0) {
    return untrusted("TooLarge", `${subject} has more accessories than are looked at, and no cosign signature among those that were`);
  }
  if (carriesDocument(evidence)) return untrusted("ClaimMismatch", mismatchDetail(subject, candidates));
  const unreadable = candidates.find((candidate) => candidate.claim.kind === "unreadable");
  if (unreadable?.claim.kind === "unreadable") {
    const { reason } = unreadable.claim;
    return untrusted(reason, unreadableDetail(subject, reason));
  }
  return untrusted("Unsigned", unsignedDetail(subject, candidates));
}

/** Whether a signature document was found at all, for whichever digest. */
export function carriesDocument(evidence: Evidence): boolean {
  return evidence.candidates.some((candidate) => candidate.claim.kind === "claims");
}

/** What to say of an accessory that cannot be read. */
export function unreadableDetail(subject: Digest, reason: UnreadableReason): string {
  return `an accessory of ${subject} ${UNREADABLE[reason]}, and there is nothing beside it that counts`;
}

const UNREADABLE: Readonly<Record<UnreadableReason, string>> = {
  Malformed: "is malformed",
  TooLarge: "is larger than what is read",
  DigestMismatch: "came with bytes that do not match its digest",
  BlockedByRegistry: "exists, but the registry's own policy does not hand it out",
  RegistryForbidden: "lies at an address that may not be reached",
};

const FOUND_INSTEAD: Readonly<Partial<Record<Layout, string>>> = {
  attestation: "an attestation",
  sbom: "an SBOM",
  notation: "a notation signature",
  unknown: "an accessory of another kind",
};

/** What to say where there is no signature: what was found instead. */
export function unsignedDetail(subject: Digest, candidates: readonly Candidate[]): string {
  const found = new Set(candidates.map((candidate) => FOUND_INSTEAD[candidate.layout]).filter((name) => name !== undefined));
  const instead = found.size === 0 ? "" : ` (found instead: ${[...found].join(", ")})`;
  return `no cosign signature on ${subject}${instead}`;
}

/** What to say where every signature is for something else. */
export function mismatchDetail(subject: Digest, candidates: readonly Candidate[]): string {
  const claimed = candidates.flatMap((candidate) => (candidate.claim.kind === "claims" ? candidate.claim.digests : []));
  const [first, ...rest] = new Set(claimed);
  const more = rest.length > 0 ? ` and ${rest.length} more` : "";
  return `the signatures attached to ${subject} were made for ${first ?? "another digest"}${more}`;
}

function untrusted(reason: UntrustedReason, detail: string): Finding {
  return { kind: "untrusted", reason, detail };
}
