import { type Path, pathText } from "../schema/problem.ts";
import { POLICY_API_VERSION } from "../trust/schema.ts";
import type { PolicyKind } from "../trust/trust-policy.ts";

/**
 * What becomes of a field that is not carried over as it is. `stricter`: ours asks for more, or trusts fewer. `looser`:
 * ours would ask for less, so the policy is withheld. `note`: nothing changes for safety, and somebody has to know.
 */
export type Effect = "stricter" | "looser" | "note";

export interface Finding {
  /** In the document that is read: `spec.authorities[0].ctlog`. */
  readonly path: string;
  readonly effect: Effect;
  readonly message: string;
}

/** A policy of ours, as `kubectl apply` takes it. */
export interface PolicyObject {
  readonly apiVersion: typeof POLICY_API_VERSION;
  readonly kind: PolicyKind;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: object;
}

/** One policy, and what was found on the way to it. `needless`: without it the answers are the same. */
export interface Draft {
  readonly outcome: { readonly kind: "policy"; readonly policy: PolicyObject } | { readonly kind: "needless" } | { readonly kind: "none" };
  readonly findings: readonly Finding[];
}

export const NONE = { kind: "none" } as const;

/** What one document of somebody else's came to. */
export interface Conversion {
  /** `ClusterImagePolicy "release"`. */
  readonly source: string;
  readonly drafts: readonly Draft[];
}

/** Collects findings while a document is read. */
export class Findings {
  readonly all: Finding[] = [];

  add(path: Path, effect: Effect, message: string): void {
    this.all.push({ path: pathText(path), effect, message });
  }

  /** Reports the fields of an object that nobody here has heard of: whatever they ask for would be lost. */
  unknown(object: object, known: readonly string[], path: Path): void {
    for (const name of Object.keys(object)) {
      if (!known.includes(name)) this.add([...path, name], "looser", "is not known here, so what it asks for would be lost");
    }
  }
}

/**
 * Whether the policies of a document together admit nothing that it refuses. All of them must be satisfied, so one that is
 * missing would make the others too little.
 */
export function isSafe({ drafts }: Conversion): boolean {
  return drafts.every(({ outcome, findings }) => outcome.kind !== "none" && findings.every(({ effect }) => effect !== "looser"));
}

export function policyOutcome(kind: PolicyObject["kind"], metadata: PolicyObject["metadata"], spec: object): Draft["outcome"] {
  return { kind: "policy", policy: { apiVersion: POLICY_API_VERSION, kind, metadata, spec } };
}
