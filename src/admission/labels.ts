import { INDEX_RULES, type IndexRule } from "../image/index.ts";
import { quote } from "../image/reference.ts";
import { LEVELS, type Level } from "../verdict/level.ts";

/** The labels of an object, as Kubernetes has them. */
export type LabelMap = ReadonlyMap<string, string>;

export const MODES = ["enforce", "warn", "audit"] as const;
export type Mode = (typeof MODES)[number];

export const OUTAGE_ANSWERS = ["deny", "allow"] as const;
export type OutageAnswer = (typeof OUTAGE_ANSWERS)[number];

/** All that a namespace asks of the images in it. */
export interface Demand extends Readonly<Record<Mode, Level>> {
  readonly index: IndexRule;
  readonly requireDigest: boolean;
  readonly onOutage: OutageAnswer;
}

/** A label whose value is not one of those that it may have. */
export interface LabelFault {
  readonly key: string;
  readonly value: string;
  /** `metadata.labels[pratique.dev/enforce]`. */
  readonly field: string;
  /** Names the values that it may have. */
  readonly message: string;
  /** The value that it is read as. */
  readonly readAs: string;
}

/** A demand that can always be acted on, and what was wrong with the labels that it comes from. */
export interface LabelReading {
  readonly demand: Demand;
  readonly faults: readonly LabelFault[];
  /** Whether there is any label of ours. */
  readonly isLabelled: boolean;
  /** Keys of ours that mean nothing. */
  readonly unknown: readonly string[];
}

const PREFIX = "pratique.dev/";

interface Label<Value> {
  readonly key: string;
  readonly values: ReadonlyMap<string, Value>;
  /** What any other text means: never less than its author can have meant. */
  readonly bad: Value;
}

function label<Value extends string | boolean>(name: string, values: readonly Value[], bad: Value): Label<Value> {
  return { key: PREFIX + name, values: new Map(values.map((value) => [String(value), value])), bad };
}

const LABELS = {
  enforce: label<Level>("enforce", LEVELS, "verified"),
  warn: label<Level>("warn", LEVELS, "none"),
  audit: label<Level>("audit", LEVELS, "none"),
  index: label<IndexRule>("index", INDEX_RULES, "both"),
  requireDigest: label<boolean>("require-digest", [true, false], true),
  onOutage: label<OutageAnswer>("on-outage", OUTAGE_ANSWERS, "deny"),
} as const;

const KEYS: ReadonlySet<string> = new Set(Object.values(LABELS).map(({ key }) => key));

/**
 * Reads a namespace's labels (design, section 2). Defaults apply label by label; a bad value is read as the strictest
 * one for a label that decides, and as none for one that only tells.
 */
export function readLabels(labels: LabelMap, defaults: Demand): LabelReading {
  const faults: LabelFault[] = [];
  const read = <Value>(label: Label<Value>, otherwise: Value): Value => {
    const text = labels.get(label.key);
    if (text === undefined) return otherwise;
    const value = label.values.get(text);
    if (value !== undefined) return value;
    faults.push(faultOf(label, text));
    return label.bad;
  };
  const demand: Demand = {
    enforce: read(LABELS.enforce, defaults.enforce),
    warn: read(LABELS.warn, defaults.warn),
    audit: read(LABELS.audit, defaults.audit),
    index: read(LABELS.index, defaults.index),
    requireDigest: read(LABELS.requireDigest, defaults.requireDigest),
    onOutage: read(LABELS.onOutage, defaults.onOutage),
  };
  const ours = [...labels.keys()].filter((key) => key.startsWith(PREFIX));
  return { demand, faults, isLabelled: ours.length > 0, unknown: ours.filter((key) => !KEYS.has(key)) };
}

/** What to say where a bad value has to be lived with. */
export function labelFaultLine({ field, message, readAs }: LabelFault): string {
  return `${field}: ${message}, so it is read as ${readAs}`;
}

/** What to say about a key of ours that means nothing. */
export function unknownLabelLine(key: string): string {
  return `unknown label ${quote(key)} has no effect; the labels are ${[...KEYS].join(", ")}`;
}

function faultOf<Value>({ key, values, bad }: Label<Value>, value: string): LabelFault {
  const message = `${quote(value)} is not one of ${[...values.keys()].join(", ")}`;
  return { key, value, field: `metadata.labels[${key}]`, message, readAs: String(bad) };
}
