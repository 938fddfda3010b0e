import { readdir, readFile } from "node:fs/promises";
import type { Pratique } from "../harness/pratique.ts";
import { until } from "../harness/process.ts";

/** What a process holds. */
export interface Holdings {
  readonly descriptors: number;
  readonly timers: number;
}

/** MiB of a process's memory that are resident. */
export async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Asks Pratique, which was started with `observe.ts`. */
export async function holdings(pratique: Pratique): Promise<Holdings> {
  const told = (): readonly string[] => pratique.output().split("\n").filter((line) => line.startsWith("soak:"));
  const before = told().length;
  pratique.signal("SIGUSR2");
  const line = await until("Pratique tells what it holds", async () => told()[before], { seconds: 10, evidence: () => pratique.output() });
  const { timers } = JSON.parse(line.slice("soak:".length)) as { readonly timers: number };
  return { descriptors: (await readdir(`/proc/${pratique.pid}/fd`)).length, timers };
}
