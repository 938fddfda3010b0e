/**
 * Roughly how many bytes of memory a value holds, for bounding a cache: never far too low, since registries choose what
 * is in it. Shared parts count each time.
 */
export function weigh(value: unknown): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof Uint8Array) return 96 + value.byteLength;
  if (value instanceof Map) return sum([...value.entries()].flat(), 64);
  if (Array.isArray(value)) return sum(value, 32);
  return sum(Object.values(value), 56);
}

function sum(values: readonly unknown[], base: number): number {
  return values.reduce<number>((total, value) => total + 8 + weigh(value), base);
}
