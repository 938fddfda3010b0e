// What a node's programs do all the time: look at the cluster, and act on what has changed.
import { setTimeout as sleep } from "node:timers/promises";

export interface Loop {
  /** Resolves when the last round is over. */
  stop(): Promise<void>;
}

const PAUSE_MS = 100;

/** Does one round after another until it is stopped. */
export function repeatedly(round: () => Promise<void>): Loop {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round();
      await sleep(PAUSE_MS);
    }
  };
  // Nobody waits for it while it goes well; what it throws ends the test.
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
