import { type Reference, repositoryName } from "../image/reference.ts";
import { governing, isGoverned } from "../trust/match.ts";
import { policyLabel, problemLine, type ReadyPolicy, type TrustPolicy } from "../trust/trust-policy.ts";
import { verdictOnFailure } from "./evaluate.ts";
import { RefusedError, UndeterminedError } from "./failure.ts";
import type { PolicyOutcome } from "./outcome.ts";
import { speakerOf, type Verdict } from "./verdict.ts";

/** What the policies say of an image before anybody looks at it. `passed`: those that let it in without a look. */
export type Governed =
  | { readonly kind: "settled"; readonly verdict: Verdict; readonly policies: readonly PolicyOutcome[] }
  | { readonly kind: "open"; readonly policies: readonly ReadyPolicy[]; readonly passed: readonly PolicyOutcome[] };

/**
 * Reads the policies that govern an image (design, section 7). Where no cluster policy governs, where one cannot be read,
 * and where all of them are static, the answer is there without a look: `pass` never touches a registry.
 */
export function settle(policies: readonly TrustPolicy[], reference: Reference): Governed {
  const ours = governing(policies, reference);
  if (!isGoverned(ours)) return { kind: "settled", verdict: noPolicy(ours, reference), policies: [] };
  const open: ReadyPolicy[] = [];
  const outcomes: PolicyOutcome[] = [];
  for (const policy of ours) {
    const verdict = withoutLook(policy, reference);
    if (verdict !== undefined) outcomes.push({ id: policy.id, verdict, subjects: [] });
    else if (policy.state.kind === "ready") open.push({ id: policy.id, demand: policy.state });
  }
  const failing = outcomes.filter(({ verdict }) => verdict.kind !== "exempt");
  const speaker = speakerOf(failing, ({ verdict }) => verdict.kind);
  if (speaker !== undefined) return { kind: "settled", verdict: speaker.verdict, policies: outcomes };
  const [first] = outcomes;
  return open.length === 0 && first !== undefined ? { kind: "settled", verdict: first.verdict, policies: outcomes } : { kind: "open", policies: open, passed: outcomes };
}

// Undefined for a policy that needs a look.
function withoutLook({ id, state }: TrustPolicy, { repository }: Reference): Verdict | undefined {
  const label = policyLabel(id);
  switch (state.kind) {
    case "invalid": {
      const [first = { path: "spec", message: "cannot be read" }, ...more] = state.problems;
      const others = more.length > 0 ? ` (and ${more.length} more)` : "";
      return verdictOnFailure(new RefusedError("PolicyInvalid", `${label}: ${problemLine(first)}${others}`), repository);
    }
    case "unknown":
      return verdictOnFailure(new UndeterminedError("PoliciesUnknown", `${label}: ${state.message}`), repository);
    case "ready": {
      const pass = state.authorities.find((authority) => authority.kind === "pass");
      if (pass !== undefined) return { kind: "exempt", reason: "StaticPass", detail: `${label} lets it in without a look (authority "${pass.name}")` };
      const fail = state.authorities.every((authority) => authority.kind === "fail") ? state.authorities[0] : undefined;
      return fail?.kind === "fail" ? verdictOnFailure(new RefusedError("StaticFail", `${label}: ${fail.message}`), repository) : undefined;
    }
  }
}

function noPolicy(narrowing: readonly TrustPolicy[], { repository }: Reference): Verdict {
  const [first] = narrowing;
  const only = first === undefined ? "" : `; ${policyLabel(first.id)} does, and only narrows what a cluster policy allows`;
  return verdictOnFailure(new RefusedError("NoPolicy", `no ClusterTrustPolicy governs ${repositoryName(repository)}${only}`), repository);
}
