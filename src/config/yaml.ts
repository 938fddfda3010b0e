import { type Document, LineCounter, parseAllDocuments, parseDocument } from "yaml";
import { messageOf } from "../errors.ts";
import { arrayField, isObject, stringField } from "../json.ts";
import type { Problem } from "../schema/problem.ts";
import { ConfigError } from "./problem.ts";

/** More than any configuration; a file that is larger is not one. */
const MAX_LENGTH = 1024 * 1024;
const MAX_ALIASES = 100;

/** Parses one YAML 1.2 document without duplicate keys. Throws ConfigError with the line and column of every fault. */
export function parseYaml(text: string, source: string): unknown {
  refuseLength(text, source);
  const lineCounter = new LineCounter();
  return valueOf(parseDocument(text, { lineCounter, ...STRICT }), lineCounter, source);
}

/** Parses the documents of a file, as `kubectl apply` reads it; empty ones are left out. Throws ConfigError as `parseYaml`. */
export function parseYamlDocuments(text: string, source: string): readonly unknown[] {
  refuseLength(text, source);
  const lineCounter = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter, ...STRICT })];
  return documents.map((document) => valueOf(document, lineCounter, source)).filter((value) => value !== null && value !== undefined);
}

/** What is in a List, as `kubectl get -o yaml` writes several objects; undefined for a document that is none. */
export function listItems(document: unknown): readonly unknown[] | undefined {
  const isList = isObject(document) && (stringField(document, "kind") ?? "").endsWith("List");
  return isList ? (arrayField(document, "items") ?? []) : undefined;
}

const STRICT = { prettyErrors: false, stringKeys: true, uniqueKeys: true, version: "1.2" } as const;

function refuseLength(text: string, source: string): void {
  if (text.length > MAX_LENGTH) throw new ConfigError(source, [{ path: "", message: "is larger than 1 MiB" }]);
}

function valueOf(document: Document, lineCounter: LineCounter, source: string): unknown {
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }): Problem => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return { path: `line ${line}, column ${col}`, message };
  });
  if (problems.length > 0) throw new ConfigError(source, problems);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    // Aliases within aliases, which a small file could blow up memory with.
    throw new ConfigError(source, [{ path: "", message: messageOf(cause) }]);
  }
}
