const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);
const TERM = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** Longer than any duration that the API server writes; a text beyond it is not looked at. */
const MAX_LENGTH = 64;

/**
 * Milliseconds of a Go duration ("10s", "1m30s", "1.5h"), which is what the API server writes into `?timeout=`.
 * Undefined for anything else, for zero and for a negative one: no budget can be made of those.
 */
export function parseDuration(text: string): number | undefined {
  if (text === "" || text.length > MAX_LENGTH) return undefined;
  let milliseconds = 0;
  let end = 0;
  for (const term of text.matchAll(TERM)) {
    milliseconds += Number(term[1]) * (MILLISECONDS.get(term[2] ?? "") ?? Number.NaN);
    end = term.index + term[0].length;
  }
  if (end !== text.length || !Number.isFinite(milliseconds) || milliseconds <= 0) return undefined;
  return milliseconds;
}
