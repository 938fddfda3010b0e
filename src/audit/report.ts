import type { Judgement } from "../admission/judgement.ts";
import type { Digest } from "../image/digest.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Treatment } from "./asked.ts";
import type { Entry, Runners } from "./survey.ts";

/** Pods that run other content than their reference names now. */
export interface Drift extends Runners {
  readonly digest: Digest;
}

/** One image of one owner, and what was found out about it. */
export interface Finding extends Entry {
  readonly judgement: Judgement;
  readonly drift: readonly Drift[];
}

export type Counts = Readonly<Record<Verdict["kind"] | "drifted", number>>;

/** One namespace, and what the images in it came to. */
export interface NamespaceSummary {
  readonly namespace: string;
  readonly treatment: Treatment;
  /** Each counts images by owner; one that drifted counts for its verdict as well. */
  readonly counts: Counts;
}

export interface AuditReport {
  /** By namespace, owner and image. */
  readonly findings: readonly Finding[];
  readonly namespaces: readonly NamespaceSummary[];
  /** What could not be looked at, each a line for a person. */
  readonly problems: readonly string[];
}

/** Every digest that runs and is neither what the reference resolves to nor below it. Unknown where it was not resolved. */
export function driftOf({ running }: Entry, { contents }: Judgement): readonly Drift[] {
  if (contents.length === 0) return [];
  const known = new Set(contents);
  return [...running].filter(([digest]) => !known.has(digest)).map(([digest, { pods, example }]) => ({ digest, pods, example }));
}

export function countsOf(findings: readonly Finding[]): Counts {
  const count = (kind: Verdict["kind"]): number => findings.filter(({ judgement }) => judgement.verdict.kind === kind).length;
  return {
    trusted: count("trusted"),
    untrusted: count("untrusted"),
    undetermined: count("undetermined"),
    exempt: count("exempt"),
    drifted: findings.filter(({ drift }) => drift.length > 0).length,
  };
}

/** In an order that two audits of the same cluster share. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ namespace, owner, image }: Finding): string => [namespace, owner.kind, owner.name, image].join("\0");
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
