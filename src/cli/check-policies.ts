import { candidateText, rejectionText, signerText } from "../verdict/explain.ts";
import type { AuthorityOutcome, PolicyOutcome } from "../verdict/outcome.ts";
import { policyLabel } from "../trust/trust-policy.ts";
import type { Branch } from "./tree.ts";

/** What each policy that governs an image made of it: who was accepted, and exactly why somebody else was not. */
export function policyBranches(policies: readonly PolicyOutcome[], title: (policy: PolicyOutcome, text: string) => string): readonly Branch[] {
  return policies.map((policy) => ({
    text: title(policy, policyText(policy)),
    children: policy.subjects.length === 1 ? policy.subjects.flatMap(({ authorities }) => authorities.map(authorityBranch)) : policy.subjects.map(subjectBranch),
  }));
}

function policyText({ id, verdict, subjects }: PolicyOutcome): string {
  const label = policyLabel(id);
  if (verdict.kind === "trusted") return `${label} is satisfied`;
  // Where there is nothing below, the reason has to stand here; its detail begins with the label.
  return subjects.length === 0 ? `${verdict.detail} (${verdict.reason})` : `${label} is not satisfied (${verdict.reason})`;
}

function subjectBranch({ name, digest, authorities }: PolicyOutcome["subjects"][number]): Branch {
  return { text: `${name} ${digest}`, children: authorities.map(authorityBranch) };
}

function authorityBranch(outcome: AuthorityOutcome): Branch {
  const name = `authority "${outcome.name}"`;
  switch (outcome.kind) {
    case "static":
      return { text: `${name} is static: ${outcome.action}`, children: [] };
    case "accepted":
      return { text: `${name} accepts ${signerText(outcome.signer)}, by ${outcome.by.map(candidateText).join(" and ")}`, children: [] };
    case "rejected": {
      const wanted = outcome.missing.length > 0 ? `no attestation of type ${outcome.missing.join(", ")}` : "no signature";
      return { text: `${name} finds ${wanted} by ${signerText(outcome.signer)}`, children: outcome.tried.map((each) => ({ text: rejectionText(each), children: [] })) };
    }
  }
}
