import type { JudgedLevel } from "../admission/judgement.ts";
import { type Demand, labelFaultLine, MODES, readLabels, unknownLabelLine } from "../admission/labels.ts";
import type { LabelMap } from "../admission/ports.ts";
import type { IndexRule } from "../image/index.ts";
import type { CheckOptions } from "./check-options.ts";

/** By what the images are judged, and why. */
export interface Basis {
  readonly level: JudgedLevel;
  readonly rule: IndexRule;
  readonly requireDigest: boolean;
  /** What somebody who reads the verdicts should know of this. */
  readonly notes: readonly string[];
}

/**
 * Flags win over the namespace's labels, and those over the defaults. The level of a namespace is what it enforces,
 * else what it warns of, else what it audits; one that asks for nothing is checked as if it asked for `signed`.
 */
export function basisOf(options: Pick<CheckOptions, "level" | "index" | "namespace">, labels: LabelMap | undefined, defaults: Demand): Basis {
  if (options.namespace === undefined || labels === undefined) {
    return { level: options.level ?? "signed", rule: options.index ?? defaults.index, requireDigest: false, notes: [] };
  }
  const { demand, faults, unknown } = readLabels(labels, defaults);
  const asked = levelOf(demand, options.namespace);
  return {
    level: options.level ?? asked.level,
    rule: options.index ?? demand.index,
    requireDigest: demand.enforce !== "none" && demand.requireDigest,
    notes: [
      ...(asked.note === undefined ? [] : [asked.note]),
      ...faults.map((fault) => `namespace ${options.namespace}: ${labelFaultLine(fault)}`),
      ...unknown.map((key) => `namespace ${options.namespace}: ${unknownLabelLine(key)}`),
    ],
  };
}

function levelOf(demand: Demand, namespace: string): { readonly level: JudgedLevel; readonly note: string | undefined } {
  for (const mode of MODES) {
    const level = demand[mode];
    if (level === "none") continue;
    const note = mode === "enforce" ? undefined : `namespace ${namespace} refuses nothing; its \`${mode}\` level is ${level}`;
    return { level, note };
  }
  return { level: "signed", note: `namespace ${namespace} asks for nothing, so every image is admitted there; this is what \`signed\` would say` };
}
