import type { Figure } from "./measure.ts";

/** A group of figures that were taken in one go, each beside the first. */
export function table(title: string, figures: readonly Figure[]): string {
  const [baseline] = figures;
  const rows = figures.map(({ name, median, best }) => {
    const ratio = baseline === undefined ? 1 : median / baseline.median;
    return [name, time(median), `best ${time(best)}`, `${ratio.toFixed(2)}x`];
  });
  return grid(title, [], rows);
}

/** Rows under their heads; the first column is text, the others are figures. */
export function grid(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = heads.length > 0 ? [heads, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("   ")}`);
  return [title, ...lines, ""].join("\n");
}

/** Microseconds, for people. */
export function time(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds.toFixed(1)} µs`;
  return microseconds < 1_000_000 ? `${(microseconds / 1000).toFixed(2)} ms` : `${(microseconds / 1_000_000).toFixed(2)} s`;
}

export function milliseconds(value: number): string {
  return time(value * 1000);
}
