import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { styleText } from "node:util";

import { stringify } from "yaml";

import { ConfigError } from "../config.ts";
import { listItems, parseYamlDocuments } from "../config/yaml.ts";
import { messageOf } from "../errors.ts";
import { convert } from "../import/convert.ts";
import { type Conversion, type Effect, isSafe, type PolicyObject } from "../import/finding.ts";
import { withDistinctNames } from "../import/names.ts";
import { isObject, stringField } from "../json.ts";
import { readArguments } from "./arguments.ts";
import type { ExitStatus, Io } from "./io.ts";
import { UsageError } from "./usage-error.ts";

/** What became of one document. */
type Result = { readonly file: string } & ({ readonly kind: "converted"; readonly conversion: Conversion } | { readonly kind: "unknown"; readonly what: string });

const UNSAFE = "unsafe-looser";

/** Turns other tools' policies into ours: YAML on standard output, and on standard error what could not be carried. */
export async function importPolicies(args: readonly string[], io: Io): Promise<ExitStatus> {
  const { words, flags } = readArguments(args, [], { flags: [UNSAFE] });
  const isUnsafe = flags.has(UNSAFE);
  if (words.length === 0) throw new UsageError("import needs at least one file, or `-` for standard input");
  const results = distinct((await Promise.all(words.map((word) => read(word, io)))).flat());
  const written = results.flatMap((result) => (result.kind === "converted" && (isUnsafe || isSafe(result.conversion)) ? policiesOf(result.conversion) : []));
  io.stdout.write(written.map((policy) => stringify(policy, { lineWidth: 0 })).join("---\n"));
  io.stderr.write(report(results, { isUnsafe, io }));
  return results.every((result) => result.kind === "converted" && isSafe(result.conversion)) ? 0 : 1;
}

async function read(file: string, { stdin }: Io): Promise<readonly Result[]> {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(file === "-" ? await text(stdin) : await readFile(file, "utf8"), file);
  } catch (error) {
    throw new UsageError(error instanceof ConfigError ? error.message : `${file} cannot be read: ${messageOf(error)}`);
  }
  return documents.flatMap((document) => listItems(document) ?? [document]).map((document): Result => {
    const conversion = convert(document);
    return conversion === undefined ? { file, kind: "unknown", what: kindOf(document) } : { file, kind: "converted", conversion };
  });
}

function distinct(results: readonly Result[]): readonly Result[] {
  const conversions = withDistinctNames(results.flatMap((result) => (result.kind === "converted" ? [result.conversion] : []))).values();
  return results.map((result) => (result.kind === "converted" ? { ...result, conversion: conversions.next().value ?? result.conversion } : result));
}

function kindOf(document: unknown): string {
  const kind = isObject(document) ? stringField(document, "kind") : undefined;
  return kind === undefined ? "a document without a kind" : `kind ${JSON.stringify(kind)}`;
}

function policiesOf({ drafts }: Conversion): readonly PolicyObject[] {
  return drafts.flatMap(({ outcome }) => (outcome.kind === "policy" ? [outcome.policy] : []));
}

const COLOURS: Readonly<Record<Effect, "red" | "yellow" | "dim">> = { looser: "red", stricter: "yellow", note: "dim" };

interface Report {
  readonly isUnsafe: boolean;
  readonly io: Io;
}

function report(results: readonly Result[], { isUnsafe, io }: Report): string {
  const paint = (format: "red" | "yellow" | "dim" | "bold" | "green", words: string): string => styleText(format, words, { stream: io.stderr });
  const lines = results.flatMap((result) => {
    if (result.kind === "unknown") return [`${paint("bold", result.file)}: ${result.what} is not known here, and nothing is written for it`];
    const { source, drafts } = result.conversion;
    const findings = drafts.flatMap((draft) => draft.findings).map(({ path, effect, message }) => `  ${paint(COLOURS[effect], effect.padEnd(8))} ${path} ${message}`);
    return [`${paint("bold", result.file)}: ${source}: ${verdict(result.conversion, isUnsafe, paint)}`, ...new Set(findings)];
  });
  return `${[...lines, ...advice(results, isUnsafe)].join("\n")}\n`;
}

// What is true of all the documents together, and of none alone.
function advice(results: readonly Result[], isUnsafe: boolean): readonly string[] {
  const conversions = results.flatMap((result) => (result.kind === "converted" ? [result.conversion] : []));
  const written = conversions.filter((conversion) => (isUnsafe || isSafe(conversion)) && policiesOf(conversion).length > 0);
  const lines: string[] = [];
  if (written.length > 0 && written.length < results.length) lines.push("An image that is for a document which is not written answers to the other policies alone: read them before you take the old ones away.");
  if (written.length > 0) lines.push("Pratique changes no object, so a tag may move after it was judged: label namespaces `pratique.dev/require-digest=true`.");
  return lines.length > 0 ? ["", ...lines] : [];
}

function verdict(conversion: Conversion, isUnsafe: boolean, paint: (format: "red" | "green", words: string) => string): string {
  const policies = policiesOf(conversion);
  const names = policies.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(", ") || "nothing";
  if (isSafe(conversion)) return `${paint("green", "written")}: ${names}`;
  if (isUnsafe && policies.length > 0) return `${paint("red", "written although it admits more than its source")}: ${names}`;
  return paint("red", policies.length > 0 ? `withheld, since it would admit more than its source (--${UNSAFE} writes it)` : "nothing can be written");
}
