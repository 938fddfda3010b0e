import type { Figure } from "./measure.ts";

/** A group of figures that were taken in one go, each beside the first. */
export function table(title: string, figures: readonly Figure[]): string {
  const [baseline] = figures;
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.map(({ name, median, best }) => {
    const ratio = baseline === undefined ? 1 : median / baseline.median;
    return `  ${name.padEnd(width)}  ${time(median)}  best ${time(best)}  ${ratio.toFixed(2).padStart(8)}x`;
  });
  return [title, ...lines, ""].join("\n");
}

function time(microseconds: number): string {
  const text = microseconds < 1000 ? `${microseconds.toFixed(1)} µs` : `${(microseconds / 1000).toFixed(2)} ms`;
  return text.padStart(10);
}
