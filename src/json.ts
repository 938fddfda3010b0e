/** Reading JSON that somebody else wrote: bounded in depth, without prototypes, without duplicate keys' surprises. */

/** A decoded JSON object. Its fields are unknown until a decoder has looked at them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper than any document that we read, and shallow enough for every recursive walk over it. */
const MAX_DEPTH = 64;
/** More than any document of a registry has: ten thousand referrers on one page are some eighty thousand values. */
const MAX_VALUES = 100_000;

/**
 * Parses UTF-8 bytes as JSON. Throws SyntaxError for anything else, for nesting beyond 64 levels, and for text
 * that is not UTF-8: two programs must not read two different documents out of the same signed bytes.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  survey(text);
  return JSON.parse(text) as unknown;
}

/**
 * Parses a document of a registry, which other programs read as well, as `parseJson` does. Throws SyntaxError besides for
 * an object with one key twice (Go takes parts of both, others the first or the last), and for more than 100,000 values,
 * which take many times the memory of their text.
 */
export function parseDocument(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  const { members, values } = survey(text);
  if (values > MAX_VALUES) throw new SyntaxError(`more than ${MAX_VALUES} values`);
  const value = JSON.parse(text) as unknown;
  // Parsing keeps one of two equal keys: then there are fewer members than the text has.
  if (membersOf(value) !== members) throw new SyntaxError("a key stands twice in one object");
  return value;
}

/** A document of a registry that is one JSON object; undefined for everything else. */
export function parseDocumentObject(bytes: Uint8Array): JsonObject | undefined {
  return objectOrNothing(() => parseDocument(bytes));
}

/** Parses UTF-8 bytes as one JSON object, within the bounds of `parseJson`; undefined for everything else. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  return objectOrNothing(() => parseJson(bytes));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own property: `__proto__` and `constructor` are never found by inheritance. */
export function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function stringField(object: JsonObject, name: string): string | undefined {
  const value = field(object, name);
  return typeof value === "string" ? value : undefined;
}

export function numberField(object: JsonObject, name: string): number | undefined {
  const value = field(object, name);
  return typeof value === "number" ? value : undefined;
}

export function objectField(object: JsonObject, name: string): JsonObject | undefined {
  const value = field(object, name);
  return isObject(value) ? value : undefined;
}

export function arrayField(object: JsonObject, name: string): readonly unknown[] | undefined {
  const value = field(object, name);
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

/** A map of strings, as annotations and labels are; entries that are not strings are left out. */
export function stringMapField(object: JsonObject, name: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [key, value] of Object.entries(objectField(object, name) ?? {})) {
    if (typeof value === "string") map.set(key, value);
  }
  return map;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function objectOrNothing(parse: () => unknown): JsonObject | undefined {
  try {
    const value = parse();
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Survey {
  /** Keys with their values, in all objects together. */
  readonly members: number;
  /** No fewer than there are values. */
  readonly values: number;
}

// Looked at before parsing, so that a deep or vast document never reaches a recursive reader.
function survey(text: string): Survey {
  let depth = 0;
  let members = 0;
  let values = 1;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i + 1);
    else if (code === 0x3a) members += 1;
    else if (code === 0x2c) values += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      values += 1;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} levels deep`);
  }
  return { members, values };
}

// Where the quote is that closes a string; the text's length where there is none.
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text.charCodeAt(before) === 0x5c) before -= 1;
  return (quote - before) % 2 === 0;
}

function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce<number>((sum, child) => sum + membersOf(child), own);
}
