import { parseArgs } from "node:util";

import { closest } from "../schema/suggestion.ts";
import { UsageError } from "./usage-error.ts";

/** The options of a command that take a value, by their names without dashes. */
export type OptionNames = readonly string[];

/** What more there may be to a command's options. */
export interface OptionTraits {
  /** Those that may come several times. */
  readonly repeated?: OptionNames;
  /** Options without a value, by their names without dashes. */
  readonly flags?: OptionNames;
  /** Letters for options and flags: `{ namespace: "n" }`. */
  readonly letters?: Readonly<Record<string, string>>;
}

/** What was typed. */
export interface Arguments {
  readonly options: ReadonlyMap<string, string>;
  /** The values of an option that may come several times, in their order. */
  readonly all: (name: string) => readonly string[];
  /** The flags that were given. */
  readonly flags: ReadonlySet<string>;
  readonly words: readonly string[];
}

/**
 * Reads `--name VALUE`, `--name=VALUE`, flags and plain words, in any order; `--` ends the options. Throws UsageError for
 * an unknown option, one without a value, a flag with one, and an option that is given twice and is not among `repeated`.
 */
export function readArguments(args: readonly string[], names: OptionNames, { repeated = [], flags = [], letters = {} }: OptionTraits = {}): Arguments {
  const optionOf = (type: "string" | "boolean") => (name: string) => [name, { type, ...(letters[name] && { short: letters[name] }) }] as const;
  const known = Object.fromEntries([...names.map(optionOf("string")), ...flags.map(optionOf("boolean"))]);
  const { tokens } = parseArgs({ args: [...args], options: known, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, readonly string[]>();
  const given = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    if (flags.includes(token.name)) {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      given.add(token.name);
      continue;
    }
    if (!names.includes(token.name)) throw unknownOption(token.rawName, [...names, ...flags]);
    // A value that looks like an option is one whose own value was forgotten; written with "=", it is meant.
    const isForgotten = token.value === undefined || token.value === "" || (token.value.startsWith("-") && !token.inlineValue);
    if (isForgotten) throw new UsageError(`${token.rawName} needs a value`);
    const before = values.get(token.name) ?? [];
    if (before.length > 0 && !repeated.includes(token.name)) throw new UsageError(`${token.rawName} is given twice`);
    values.set(token.name, [...before, token.value ?? ""]);
  }
  const options = new Map([...values].map(([name, [first = ""]]) => [name, first]));
  return { options, all: (name) => values.get(name) ?? [], flags: given, words };
}

/** A value of a closed list. Throws UsageError, naming the list. */
export function oneOf<Value extends string>(option: string, value: string, values: readonly Value[]): Value {
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  const guess = closest(value, values);
  throw new UsageError(`${option} is ${JSON.stringify(value)}; it must be ${listOf(values)}${guess === undefined ? "" : `. Did you mean ${guess}?`}`);
}

function unknownOption(raw: string, names: OptionNames): UsageError {
  const guess = closest(raw.replace(/^-+/, ""), names);
  return new UsageError(`there is no option ${raw}${guess === undefined ? "" : `; did you mean --${guess}?`}`);
}

function listOf(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
