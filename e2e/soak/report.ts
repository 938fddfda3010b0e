import type { Report } from "./soak.ts";

/** MiB (design, section 13). */
const CEILING = 256;
/** A slope is told from a warm-up after so many seconds. */
const ENOUGH_SECONDS = 300;
/** MiB from the second quarter to the last that are no slope yet. */
const TOLERANCE = 16;
/** Connections that the API server's watches and the registry's pool may hold more than at the start. */
const SPARE = 12;

/** What is wrong with a run; empty when nothing is. */
export function faultsOf({ outcomes, wrong, memory, before, after }: Report): readonly string[] {
  const [second, last] = [quarter(memory, 1), quarter(memory, 3)];
  const highest = Math.max(...memory);
  const rules: readonly (readonly [isBroken: boolean, says: string])[] = [
    [(outcomes.get("admitted") ?? 0) === 0 || (outcomes.get("Unsigned") ?? 0) === 0, "nothing was admitted, or nothing refused"],
    [highest > CEILING, `resident memory came to ${Math.round(highest)} MiB, and ${CEILING} are allowed`],
    [memory.length >= ENOUGH_SECONDS && last - second > TOLERANCE, `resident memory rose from ${Math.round(second)} to ${Math.round(last)} MiB`],
    [after.descriptors > before.descriptors + SPARE, `${before.descriptors} descriptors became ${after.descriptors}`],
    [after.timers > before.timers + SPARE, `${before.timers} timers became ${after.timers}`],
  ];
  return [...wrong, ...rules.filter(([isBroken]) => isBroken).map(([, says]) => says)];
}

/** What a person reads. */
export function figures({ outcomes, wrong, memory, before, after }: Report): readonly string[] {
  return [
    ...[...outcomes].map(([outcome, count]) => `${outcome}: ${count.toLocaleString("en")}`),
    `answers that nothing explains: ${wrong.length}`,
    `resident memory: ${Math.round(quarter(memory, 1))} MiB in the second quarter, ${Math.round(quarter(memory, 3))} in the last, at most ${Math.round(Math.max(...memory))}`,
    `descriptors: ${before.descriptors} before, ${after.descriptors} after; timers: ${before.timers} before, ${after.timers} after`,
  ];
}

function quarter(values: readonly number[], which: number): number {
  const size = Math.floor(values.length / 4);
  const sorted = values.slice(which * size, (which + 1) * size).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
