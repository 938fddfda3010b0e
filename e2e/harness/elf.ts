// What a program or library says of itself, as far as the loader asks (ELF-64, little-endian; System V ABI, chapters 4 and 5).

export interface Elf {
  readonly machine: string;
  /** The loader that a program asks for. */
  readonly interpreter: string | undefined;
  /** The libraries that it cannot do without. */
  readonly needed: readonly string[];
}

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const MACHINES: Readonly<Record<number, string>> = { 62: "amd64", 183: "arm64" };
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const TAG = { end: 0, needed: 1, strings: 5 } as const;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Undefined for what is no ELF file. */
export function readElf(bytes: Buffer): Elf | undefined {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const segments = readSegments(bytes);
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  return {
    machine: MACHINES[bytes.readUInt16LE(18)] ?? "another",
    interpreter: interpreter === undefined ? undefined : text(bytes, interpreter.offset),
    needed: readNeeded(bytes, segments),
  };
}

function readSegments(bytes: Buffer): readonly Segment[] {
  const [table, size, count] = [number(bytes, 32), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * size;
    return { type: bytes.readUInt32LE(at), offset: number(bytes, at + 8), address: number(bytes, at + 16), size: number(bytes, at + 32) };
  });
}

function readNeeded(bytes: Buffer, segments: readonly Segment[]): readonly string[] {
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  if (dynamic === undefined) return [];
  const entries: { readonly tag: number; readonly value: number }[] = [];
  for (let at = dynamic.offset; number(bytes, at) !== TAG.end; at += 16) entries.push({ tag: number(bytes, at), value: number(bytes, at + 8) });
  const address = entries.find(({ tag }) => tag === TAG.strings)?.value ?? 0;
  const home = segments.find((segment) => segment.type === SEGMENT.load && segment.address <= address && address < segment.address + segment.size);
  const strings = address - (home?.address ?? 0) + (home?.offset ?? 0);
  return entries.filter(({ tag }) => tag === TAG.needed).map(({ value }) => text(bytes, strings + value));
}

function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString("utf8", at, bytes.indexOf(0, at));
}
