import type { Conversion, Draft, PolicyObject } from "./finding.ts";

/**
 * Gives each policy a name of its own. Several documents may have used the same one, each for its kind, and `kubectl apply`
 * would put the last in place of the others: what those ask for would be gone.
 */
export function withDistinctNames(conversions: readonly Conversion[]): readonly Conversion[] {
  const taken = new Set<string>();
  return conversions.map((conversion) => ({ ...conversion, drafts: conversion.drafts.map((draft) => renamed(draft, taken)) }));
}

function renamed(draft: Draft, taken: Set<string>): Draft {
  if (draft.outcome.kind !== "policy") return draft;
  const { policy } = draft.outcome;
  const { name } = policy.metadata;
  const free = freeName(policy, taken);
  taken.add(idOf(policy, free));
  if (free === name) return draft;
  const finding = { path: "metadata.name", effect: "note", message: `is the name of another policy that is written, so this one is ${free}` } as const;
  return { outcome: { kind: "policy", policy: { ...policy, metadata: { ...policy.metadata, name: free } } }, findings: [...draft.findings, finding] };
}

function freeName(policy: PolicyObject, taken: ReadonlySet<string>): string {
  const { name } = policy.metadata;
  let free = name;
  for (let i = 2; taken.has(idOf(policy, free)); i += 1) free = `${name}-${i}`;
  return free;
}

function idOf({ kind, metadata }: PolicyObject, name: string): string {
  return `${kind} ${metadata.namespace ?? ""}/${name}`;
}
