import { monitorEventLoopDelay } from "node:perf_hooks";

/** What a process says of itself when it is asked; delays and processor time are those since it was last asked. */
export interface Usage {
  /** MiB. */
  readonly resident: number;
  /** Milliseconds that the event loop kept a timer waiting: the 99th percentile, and the longest. */
  readonly delayP99: number;
  readonly delayMax: number;
  /** Microseconds of processor time. */
  readonly cpu: number;
}

const RESOLUTION_MS = 10;

/** Answers each message of the parent with this process's usage, once it has said on which port it listens. */
export function serveUsage(port: number): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // A sample has the interval of the timer in it.
  const waited = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  let last = process.cpuUsage();
  process.on("message", () => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    const usage: Usage = { resident: process.memoryUsage().rss / 1_048_576, delayP99: waited(delay.percentile(99)), delayMax: waited(delay.max), cpu: user + system };
    process.send?.({ usage });
    delay.reset();
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ port });
}
