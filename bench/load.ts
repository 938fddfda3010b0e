import { performance } from "node:perf_hooks";

/** One piece of work for a server, done once for each call. */
export type Work = () => Promise<unknown>;

/** Milliseconds of each request, and how long all of them took together. */
export interface Load {
  readonly latencies: readonly number[];
  readonly milliseconds: number;
}

/** So many a second for a while, whether or not those before have been answered. */
export async function steady(work: Work, { rate, seconds }: { readonly rate: number; readonly seconds: number }): Promise<Load> {
  const start = performance.now();
  const pending: Promise<number>[] = [];
  for (let sent = 0; sent < rate * seconds; ) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - start) / 1000) * rate) + 1);
    for (; sent < due; sent += 1) pending.push(timed(work));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { latencies: await Promise.all(pending), milliseconds: performance.now() - start };
}

/** As many as are answered, with so many always under way. */
export async function flatOut(work: Work, { workers, seconds }: { readonly workers: number; readonly seconds: number }): Promise<Load> {
  const start = performance.now();
  const latencies: number[] = [];
  const worker = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1000) latencies.push(await timed(work));
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return { latencies, milliseconds: performance.now() - start };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Loads that were taken apart, as one. */
export function joined(loads: readonly Load[]): Load {
  return { latencies: loads.flatMap(({ latencies }) => latencies), milliseconds: loads.reduce((sum, { milliseconds }) => sum + milliseconds, 0) };
}

async function timed(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
