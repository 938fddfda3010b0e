import { performance } from "node:perf_hooks";

/** One thing that is timed; `run` does it once. */
export interface Subject {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface Figure {
  readonly name: string;
  /** Microseconds for one run: the median over the rounds, and the best round. */
  readonly median: number;
  readonly best: number;
}

export interface Plan {
  readonly rounds: number;
  /** Runs in a row that make one round of one subject. */
  readonly runs: number;
}

/**
 * Times subjects side by side: each round runs every subject, each time in another order, so that whatever else the
 * machine does falls on all of them alike.
 */
export async function compare(subjects: readonly Subject[], { rounds, runs }: Plan): Promise<readonly Figure[]> {
  const times = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  for (const subject of subjects) await timed(subject, runs);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of order) times.get(subject)?.push(await timed(subject, runs));
  }
  return [...times].map(([{ name }, all]) => ({ name, median: median(all), best: Math.min(...all) }));
}

async function timed({ run }: Subject, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i += 1) await run();
  return ((performance.now() - start) * 1000) / runs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
