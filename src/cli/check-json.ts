import { imageLine } from "../admission/message.ts";
import type { Candidate } from "../signature/candidate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import type { AuthorityOutcome, PolicyOutcome } from "../verdict/outcome.ts";
import type { CheckedImage } from "./checker.ts";

/** The machine's view (design section 11): one document, and null for what is unknown. */
export function renderJson(checked: readonly CheckedImage[]): string {
  return `${JSON.stringify({ images: checked.map(imageJson) }, null, 2)}\n`;
}

function imageJson({ judgement, inspection }: CheckedImage): object {
  const { image, digest, verdict } = judgement;
  return {
    reference: image,
    digest: digest ?? null,
    verdict: verdict.kind,
    reason: verdict.reason,
    message: imageLine(judgement),
    platforms: (inspection?.platforms ?? []).map(({ platform, digest, verdict: { kind, reason } }) => ({ platform, digest, verdict: kind, reason })),
    candidates: distinct((inspection?.evidence ?? []).flatMap(candidatesJson)),
    ...(judgement.level === "verified" ? { policies: (inspection?.policies ?? []).map(policyJson) } : {}),
  };
}

function candidatesJson({ subject, candidates }: Evidence): readonly object[] {
  return candidates.map((candidate) => ({
    subject,
    layout: candidate.layout,
    location: candidate.location,
    digest: candidate.digest ?? null,
    claim: claimOf(candidate, subject) ?? null,
  }));
}

function policyJson({ id, verdict, subjects }: PolicyOutcome): object {
  const { kind, namespace = null, name } = id;
  const message = verdict.detail;
  return { kind, namespace, name, verdict: verdict.kind, reason: verdict.reason, message, subjects: subjects.map((subject) => ({ ...subject, authorities: subject.authorities.map(authorityJson) })) };
}

function authorityJson(outcome: AuthorityOutcome): object {
  switch (outcome.kind) {
    case "static":
      return outcome;
    case "accepted":
      return { kind: outcome.kind, name: outcome.name, signer: outcome.signer.fingerprint, candidates: outcome.by.map(documentJson) };
    case "rejected": {
      const { kind, name, signer, missing, tried } = outcome;
      return { kind, name, signer: signer.fingerprint, missing, candidates: tried.map(({ candidate, fault }) => Object.assign(documentJson(candidate), { fault })) };
    }
  }
}

function documentJson({ layout, location, digest }: Candidate): object {
  return { layout, location, digest: digest ?? null };
}

/** The digest that a signature document is for; of a statement's several subjects the one that matters here. */
export function claimOf({ claim }: Candidate, subject: string): string | undefined {
  if (claim.kind !== "claims") return undefined;
  return claim.digests.find((digest) => digest === subject) ?? claim.digests[0];
}

// A manifest with two signature layers is one manifest.
function distinct(rows: readonly object[]): readonly object[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}
