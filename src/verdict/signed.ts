import type { Digest } from "../image/digest.ts";
import type { IndexRule } from "../image/index.ts";
import { carriesDocument, type Finding, findClaim } from "./claim.ts";
import { type Assessment, type Evaluation, type Home, remedyContext, verdictOf } from "./evaluate.ts";
import { IMAGE_SOURCE, type Known, type Look, lookKey } from "./evidence.ts";
import { combineParts, type FindSubject, type ImageTree, judgeParts, missingSubjects } from "./index-rule.ts";
import type { RemedyContext } from "./remedy.ts";
import type { FailedPart, Verdict } from "./verdict.ts";

/** Level `signed`: whether a cosign signature document claims what the rule asks for. */
export class SignedAssessment implements Assessment {
  readonly #rule: IndexRule;
  readonly #home: Home;

  constructor(rule: IndexRule, home: Home) {
    this.#rule = rule;
    this.#home = home;
  }

  looksAt(subject: Digest): readonly Look[] {
    return [lookAt(subject)];
  }

  missing(tree: ImageTree, known: Known): readonly Look[] {
    return missingSubjects(this.#rule, tree, finderIn(known)).map(lookAt);
  }

  evaluate(tree: ImageTree, known: Known): Evaluation {
    const find = finderIn(known);
    const parts = judgeParts(this.#rule, tree, find);
    const { finding, part } = combineParts(tree, parts, find);
    const context = remedyContext(this.#home, tree, this.#rule === "both" || this.#rule === "children");
    return {
      verdict: judged(finding, context, part),
      parts: parts.map((each) => ({ name: each.name, digest: each.digest, verdict: judged(each.finding, context) })),
      policies: [],
    };
  }
}

function lookAt(subject: Digest): Look {
  return { subject, sought: "signatures", source: IMAGE_SOURCE };
}

function finderIn(known: Known): FindSubject {
  return (subject) => {
    const evidence = known.get(lookKey(lookAt(subject)));
    return evidence && { finding: findClaim(evidence), carriesDocument: carriesDocument(evidence) };
  };
}

function judged(finding: Finding, context: RemedyContext, part?: FailedPart): Verdict {
  if (finding.kind === "trusted") return { kind: "trusted", reason: "Signed", detail: "a cosign signature document claims this digest" };
  return verdictOf(finding, context, part);
}
