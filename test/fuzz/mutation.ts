import * as fc from "fast-check";

/** Values of every JSON type, those that readers stumble over among them. */
const ODD: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, "", "__proto__", "\u0000", [], {}, [[]], { __proto__: null }, { constructor: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A valid document with a few of its parts replaced, left out or renamed, as JSON text. */
export function mutated(document: unknown): fc.Arbitrary<string> {
  const change = fc.record({ at: fc.nat(), kind: fc.constantFrom("replace", "drop", "rename", "twice" as const), odd: ODD });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => changes.reduce(applyChange, JSON.stringify(document)));
}

/** Bytes that were a valid document, with some of them altered. */
export function spoilt(document: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
  return fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) => {
    const bytes = Uint8Array.from(document);
    for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
    return bytes;
  });
}

interface Change {
  readonly at: number;
  readonly kind: string;
  readonly odd: unknown;
}

// On the text, since no object of JavaScript has a key twice.
function applyChange(text: string, { at, kind, odd }: Change): string {
  const members = [...text.matchAll(/"(?:[^"\\]|\\.)*":/g)];
  const member = members[at % Math.max(1, members.length)];
  if (member === undefined) return JSON.stringify(odd);
  const [key] = member;
  const value = member.index + key.length;
  switch (kind) {
    case "replace":
      return `${text.slice(0, value)}${JSON.stringify(odd)},"was":${text.slice(value)}`;
    case "drop":
      return `${text.slice(0, member.index)}"was":${text.slice(value)}`;
    case "rename":
      return `${text.slice(0, member.index)}${at % 2 === 0 ? key.toUpperCase() : '"__proto__":'}${text.slice(value)}`;
    default:
      return `${text.slice(0, member.index)}${key}${JSON.stringify(odd)},${text.slice(member.index)}`;
  }
}
