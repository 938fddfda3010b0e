import { setTimeout as sleep } from "node:timers/promises";

/** Does the work so often in a second, until the answer is called. What fails is asked again: these are faults. */
export function repeat(perSecond: number, work: () => Promise<unknown>): () => Promise<void> {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) await Promise.all([work().catch(() => undefined), sleep(1000 / perSecond)]);
  };
  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
