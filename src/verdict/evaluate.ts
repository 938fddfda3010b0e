import type { Digest } from "../image/digest.ts";
import { pinned, type Repository, repositoryName } from "../image/reference.ts";
import type { Finding } from "./claim.ts";
import type { Known, Look } from "./evidence.ts";
import type { RefusedError, UndeterminedError } from "./failure.ts";
import type { ImageTree } from "./index-rule.ts";
import type { PolicyOutcome } from "./outcome.ts";
import { type RemedyContext, remedyFor } from "./remedy.ts";
import type { FailedPart, Verdict } from "./verdict.ts";

/** The verdict on an image whose evidence is complete, on each of its parts, and by which policies. */
export interface Evaluation {
  readonly verdict: Verdict;
  readonly parts: readonly EvaluatedPart[];
  /** Empty at level `signed`, which knows no policies. */
  readonly policies: readonly PolicyOutcome[];
}

export interface EvaluatedPart {
  readonly name: string;
  readonly digest: Digest;
  readonly verdict: Verdict;
}

/** A level, as it is asked of one image: which questions it has, and what the answers come to. */
export interface Assessment {
  /** All that may be asked about a subject, for whoever can ask early. */
  looksAt(subject: Digest): readonly Look[];
  /** The questions that must be answered next; empty when the image can be judged, or once no verification is postponed. */
  missing(tree: ImageTree, known: Known): readonly Look[];
  /** Never passes a part that was not looked at. */
  evaluate(tree: ImageTree, known: Known): Evaluation;
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

/** An image's repository, and the one that holds its signatures where they do not lie beside it. */
export interface Home {
  readonly repository: Repository;
  readonly signatures: Repository | undefined;
}

/** What remedies may name. `isRecursive`: whether the rule wants the platforms of an index signed as well. */
export function remedyContext({ repository, signatures }: Home, tree: ImageTree, isRecursive: boolean): RemedyContext {
  return {
    repository: repositoryName(repository),
    host: (signatures ?? repository).host,
    pinned: pinned(repository, tree.digest),
    isRecursive: tree.kind === "index" && isRecursive,
    ...(signatures === undefined ? {} : { signatures: repositoryName(signatures) }),
  };
}

/** A finding that is not a pass, as a verdict. */
export function verdictOf(finding: Exclude<Finding, { kind: "trusted" }>, context: RemedyContext, part?: FailedPart): Verdict {
  const { reason, detail } = finding;
  const remedy = remedyFor(reason, finding.source === undefined ? context : { ...context, source: finding.source });
  return finding.kind === "untrusted"
    ? { kind: "untrusted", reason: finding.reason, detail, remedy, part }
    : { kind: "undetermined", reason: finding.reason, detail, remedy, part };
}
