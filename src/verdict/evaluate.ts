import type { IndexRule } from "../image/index.ts";
import { repositoryName, pinned, type Repository } from "../image/reference.ts";
import { combineParts, type EvidenceMap, type ImageTree, judgeParts } from "./index-rule.ts";
import type { Finding } from "./claim.ts";
import type { RefusedError, UndeterminedError } from "./failure.ts";
import { type RemedyContext, remedyFor } from "./remedy.ts";
import type { FailedPart, Verdict } from "./verdict.ts";

/** The verdict on an image whose evidence is complete for the rule, and on each of its parts. */
export interface Evaluation {
  readonly verdict: Verdict;
  readonly parts: readonly { readonly name: string; readonly digest: ImageTree["digest"]; readonly verdict: Verdict }[];
}

/** Level `signed`: the rule applied to what was found. */
export function evaluateSigned(rule: IndexRule, tree: ImageTree, known: EvidenceMap, repository: Repository): Evaluation {
  const parts = judgeParts(rule, tree, known);
  const { finding, part } = combineParts(tree, parts, known);
  const context: RemedyContext = {
    repository: repositoryName(repository),
    host: repository.host,
    pinned: pinned(repository, tree.digest),
    isRecursive: tree.kind === "index" && (rule === "both" || rule === "children"),
  };
  return {
    verdict: verdictOf(finding, context, part),
    parts: parts.map((each) => ({ name: each.name, digest: each.digest, verdict: verdictOf(each.finding, context, undefined) })),
  };
}

/** The verdict that a look-up which ended early amounts to. */
export function verdictOnFailure(failure: RefusedError | UndeterminedError, repository: Repository): Verdict {
  const name = repositoryName(repository);
  const remedy = remedyFor(failure.code, { repository: name, host: repository.host, pinned: name, isRecursive: false });
  const detail = failure.message;
  return failure.kind === "refused"
    ? { kind: "untrusted", reason: failure.code, detail, remedy, part: undefined }
    : { kind: "undetermined", reason: failure.code, detail, remedy, part: undefined };
}

function verdictOf(finding: Finding, context: RemedyContext, part: FailedPart | undefined): Verdict {
  if (finding.kind === "trusted") return { kind: "trusted", reason: "Signed", detail: "a cosign signature document claims this digest" };
  const remedy = remedyFor(finding.reason, context);
  return finding.kind === "untrusted"
    ? { kind: "untrusted", reason: finding.reason, detail: finding.detail, remedy, part }
    : { kind: "undetermined", reason: finding.reason, detail: finding.detail, remedy, part };
}
