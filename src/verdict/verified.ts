import type { Digest } from "../image/digest.ts";
import type { IndexRule } from "../image/index.ts";
import { policyLabel, type ReadyPolicy } from "../trust/trust-policy.ts";
import type { Attempt } from "../verify/verify.ts";
import type { Finding } from "./claim.ts";
import { type Assessment, type EvaluatedPart, type Evaluation, type Home, remedyContext, verdictOf } from "./evaluate.ts";
import { type Known, type Look, lookKey } from "./evidence.ts";
import { signerText } from "./explain.ts";
import { combineParts, type ImageTree, judgeParts, missingSubjects } from "./index-rule.ts";
import type { AuthorityOutcome, PolicyOutcome, SubjectOutcome } from "./outcome.ts";
import { distinctLooks, judgeSubject, looksOf } from "./policy.ts";
import type { RemedyContext } from "./remedy.ts";
import { seeks } from "./sought.ts";
import { type FailedPart, speakerOf, type Verdict } from "./verdict.ts";

/** By which policies and what else an image is verified. */
export interface VerifiedOptions {
  /** Those that govern and need a look, in the order in which they speak. */
  readonly policies: readonly ReadyPolicy[];
  /** The namespace's rule, for policies that state none. */
  readonly rule: IndexRule;
  readonly home: Home;
  readonly attempt: Attempt;
}

/** Level `verified`: every policy that governs the image is satisfied, each for the parts that its rule asks for. */
export class VerifiedAssessment implements Assessment {
  readonly #options: VerifiedOptions;
  readonly #outcomes = new WeakMap<Known, Map<ReadyPolicy, Map<Digest, SubjectOutcome>>>();

  constructor(options: VerifiedOptions) {
    this.#options = options;
  }

  looksAt(subject: Digest): readonly Look[] {
    return distinctLooks(this.#options.policies.flatMap(({ demand }) => looksOf(demand, subject)));
  }

  missing(tree: ImageTree, known: Known): readonly Look[] {
    const looks = this.#options.policies.flatMap((policy) => {
      const find = this.#finder(policy, known);
      return missingSubjects(this.#ruleOf(policy), tree, find).flatMap((subject) => looksOf(policy.demand, subject));
    });
    return distinctLooks(looks).filter((look) => !known.has(lookKey(look)));
  }

  evaluate(tree: ImageTree, known: Known): Evaluation {
    const judged = this.#options.policies.map((policy) => this.#judge(policy, tree, known));
    const policies = judged.map(({ outcome }) => outcome);
    const failing = policies.map(({ verdict }) => verdict).filter(({ kind }) => kind !== "trusted");
    const verdict = speakerOf(failing, ({ kind }) => kind) ?? (policies.length > 0 ? verified(policies) : nothingJudged(this.#options.home, tree));
    return { verdict, parts: partsOf(judged.flatMap(({ parts }) => parts)), policies };
  }

  #judge(policy: ReadyPolicy, tree: ImageTree, known: Known): { readonly outcome: PolicyOutcome; readonly parts: readonly EvaluatedPart[] } {
    const rule = this.#ruleOf(policy);
    const find = this.#finder(policy, known);
    const parts = judgeParts(rule, tree, find);
    const { finding, part } = combineParts(tree, parts, find);
    const context: RemedyContext = { ...remedyContext(this.#options.home, tree, rule === "both" || rule === "children"), seeks: seeks(policy.demand, "signatures") ? "signatures" : "attestations" };
    const subjects = parts.map(({ name, digest, subject }) => ({ name, digest, authorities: find(subject)?.authorities ?? [] }));
    return {
      outcome: { id: policy.id, verdict: judgedAs(finding, context, part), subjects },
      parts: parts.map((each) => ({ name: each.name, digest: each.digest, verdict: judgedAs(each.finding, context) })),
    };
  }

  #ruleOf({ demand }: ReadyPolicy): IndexRule {
    return demand.index ?? this.#options.rule;
  }

  // A subject is judged once by what is known, however many parts ask about it; what is still open is not kept.
  #finder(policy: ReadyPolicy, known: Known): (subject: Digest) => SubjectOutcome | undefined {
    const kept = this.#outcomes.get(known) ?? new Map<ReadyPolicy, Map<Digest, SubjectOutcome>>();
    this.#outcomes.set(known, kept);
    const outcomes = kept.get(policy) ?? new Map<Digest, SubjectOutcome>();
    kept.set(policy, outcomes);
    return (subject) => {
      const outcome = outcomes.get(subject) ?? judgeSubject(policy, subject, known, this.#options.attempt);
      if (outcome !== undefined) outcomes.set(subject, outcome);
      return outcome;
    };
  }
}

function judgedAs(finding: Finding, context: RemedyContext, part?: FailedPart): Verdict {
  return finding.kind === "trusted" ? { kind: "trusted", reason: "Verified", detail: "the policy is satisfied" } : verdictOf(finding, context, part);
}

function verified(policies: readonly PolicyOutcome[]): Verdict {
  const texts = policies.map(({ id, subjects }) => `${policyLabel(id)} by ${subjects[0]?.authorities.flatMap(acceptedText).join(" and ") ?? "nobody"}`);
  return { kind: "trusted", reason: "Verified", detail: `satisfies ${texts.join(", ")}` };
}

function acceptedText(outcome: AuthorityOutcome): readonly string[] {
  return outcome.kind === "accepted" ? [`"${outcome.name}" (${signerText(outcome.signer)})`] : [];
}

// A part passes when it passes every policy that asks about it; the first that fails speaks.
function partsOf(parts: readonly EvaluatedPart[]): readonly EvaluatedPart[] {
  const byDigest = new Map<string, EvaluatedPart>();
  for (const part of parts) {
    const key = `${part.name} ${part.digest}`;
    const before = byDigest.get(key);
    if (before === undefined || before.verdict.kind === "trusted") byDigest.set(key, part);
  }
  return [...byDigest.values()];
}

// An image that no policy asks about never gets here, and must not pass if it does.
function nothingJudged(home: Home, tree: ImageTree): Verdict {
  return verdictOf({ kind: "undetermined", reason: "InternalError", detail: "no policy was asked" }, remedyContext(home, tree, false));
}
