import type { Demand } from "./labels.ts";

/** The webhook entries of the chart (design, section 10); each calls the path `/validate/<entry>`. */
export const ENTRIES = ["enforce", "templates", "observe-warn", "observe-audit", "namespaces", "policies"] as const;
export type Entry = (typeof ENTRIES)[number];

/** What a path asks for: one entry, or with a bare `/validate` the one that resource and labels select. */
export type EntryPath = Entry | "validate";

/** The paths of the webhook, and what each asks for. */
export const ENTRY_PATHS: ReadonlyMap<string, EntryPath> = new Map([
  ["/validate", "validate"],
  ...ENTRIES.map((entry): [string, EntryPath] => [`/validate/${entry}`, entry]),
]);

/** Observers never refuse. */
export function isObserver(entry: EntryPath): boolean {
  return entry === "observe-warn" || entry === "observe-audit";
}

/** Whose rules a person has to correct. */
export function webhookName(entry: EntryPath): string {
  return entry === "validate" ? "the webhook that calls /validate" : `the webhook ${entry}.pratique.dev`;
}

/**
 * The entry whose selector would have taken a workload: the labels are those of its namespace, or undefined when they
 * could not be read, which the enforcing entries have to answer for.
 */
export function entryForWorkload(kind: "pod" | "template", demand: Demand | undefined): Entry {
  if (demand === undefined || demand.enforce !== "none") return kind === "pod" ? "enforce" : "templates";
  return demand.warn === "none" ? "observe-audit" : "observe-warn";
}
