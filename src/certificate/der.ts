// Writing DER (ITU-T X.690), as far as a certificate needs it. Nothing here reads: that is OpenSSL's, by node:crypto.

type Part = Uint8Array;

export function sequence(...parts: readonly Part[]): Buffer {
  return element(0x30, ...parts);
}

export function set(...parts: readonly Part[]): Buffer {
  return element(0x31, ...parts);
}

/** `[tag] EXPLICIT`, and `[tag] IMPLICIT` of what is itself constructed. */
export function tagged(tag: number, ...parts: readonly Part[]): Buffer {
  return element(0xa0 | tag, ...parts);
}

/** `[tag] IMPLICIT` of a primitive. */
export function taggedPrimitive(tag: number, content: Part): Buffer {
  return element(0x80 | tag, content);
}

/** A positive number, by its bytes. */
export function integer(magnitude: Part): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const bytes = first === -1 ? Buffer.of(0) : magnitude.subarray(first);
  // A set highest bit would make it negative.
  return (bytes[0] ?? 0) < 0x80 ? element(0x02, bytes) : element(0x02, Buffer.of(0), bytes);
}

export const TRUE = Buffer.of(0x01, 0x01, 0xff);

/** `bits` is how many of the first bits count; all of them when absent. */
export function bitString(content: Part, bits = content.length * 8): Buffer {
  return element(0x03, Buffer.of(content.length * 8 - bits), content);
}

export function octetString(content: Part): Buffer {
  return element(0x04, content);
}

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

/** An object identifier by its dotted text. Its first two numbers are small, as those of all algorithms and extensions are. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). Milliseconds are cut off. */
export function time(instant: number): Buffer {
  const text = new Date(instant).toISOString().replace(/[-:T]|\.\d{3}/g, "");
  return text < "2050" ? element(0x17, Buffer.from(text.slice(2))) : element(0x18, Buffer.from(text));
}

function element(tag: number, ...parts: readonly Part[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
