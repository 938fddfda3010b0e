import { exemptNamespaceLine } from "../admission/exemption.ts";
import type { JudgedLevel } from "../admission/judgement.ts";
import { type Demand, labelFaultLine, type LabelMap, MODES, type Mode, readLabels, unknownLabelLine } from "../admission/labels.ts";
import type { IndexRule } from "../image/index.ts";
import type { UndeterminedError } from "../verdict/failure.ts";
import { LEVELS } from "../verdict/level.ts";

/** By what the images of a namespace are judged. */
export interface Asked {
  readonly level: JudgedLevel;
  readonly rule: IndexRule;
  readonly requireDigest: boolean;
  /** Who asks for that level: a mode of the namespace, or the caller, or nobody. */
  readonly by: Mode | "caller" | "nobody";
  /** What is wrong with the labels. */
  readonly notes: readonly string[];
}

/** What an audit does with a namespace. */
export type Treatment =
  | { readonly kind: "judged"; readonly asked: Asked }
  | { readonly kind: "exempt"; readonly line: string }
  /** Its labels could not be read. */
  | { readonly kind: "unknown"; readonly error: UndeterminedError };

export function exempt(namespace: string): Treatment {
  return { kind: "exempt", line: exemptNamespaceLine(namespace) };
}

/**
 * The level that the caller names, else the strictest that any mode of the namespace asks for, of several modes the one
 * that does most; a namespace that asks for nothing is judged by `signed`, since that is what it would be asked for first.
 */
export function askedOf(labels: LabelMap, defaults: Demand, level: JudgedLevel | undefined): Asked {
  const { demand, faults, unknown } = readLabels(labels, defaults);
  const notes = [...faults.map(labelFaultLine), ...unknown.map(unknownLabelLine)];
  const shared = { rule: demand.index, requireDigest: demand.enforce !== "none" && demand.requireDigest, notes };
  if (level !== undefined) return { level, by: "caller", ...shared };
  const strictest = strictestMode(demand);
  return strictest === undefined ? { level: "signed", by: "nobody", ...shared } : { ...strictest, ...shared };
}

function strictestMode(demand: Demand): { readonly level: JudgedLevel; readonly by: Mode } | undefined {
  for (const level of LEVELS.toReversed()) {
    const by = MODES.find((mode) => demand[mode] === level);
    if (level !== "none" && by !== undefined) return { level, by };
  }
  return undefined;
}
