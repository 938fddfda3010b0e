import { backOff } from "../../inspection/back-off.ts";
import type { Call } from "../../inspection/ports.ts";
import { ClusterError } from "./cluster-error.ts";
import { pause, type Timer } from "./timer.ts";

/** How a question is put again that the API server could not answer just now, as while one of several is replaced. */
export interface Repeats {
  /** How often it is put at most, the first time included. */
  readonly attempts: number;
  /** A number in [0, 1): those who failed together do not come back together. */
  readonly jitter: () => number;
}

export const ONCE: Repeats = { attempts: 1, jitter: () => 0 };

/** What took longer to fail, in milliseconds, is not worth its time once more. */
const QUICK = 1_000;

/** Puts a question a few times, within the call's bounds, while the API server fails quickly. Throws as `ask` does. */
export async function repeated<T>(ask: () => Promise<T>, call: Call, timer: Timer, { attempts, jitter }: Repeats): Promise<T> {
  for (let asked = 1; ; asked += 1) {
    const started = timer.now();
    try {
      return await ask();
    } catch (thrown) {
      const wait = backOff(asked, jitter());
      const isTransient = thrown instanceof ClusterError && thrown.code === "Unavailable" && timer.now() - started < QUICK;
      if (!isTransient || asked >= attempts || timer.now() + wait >= call.deadline) throw thrown;
      await pause(wait, call.signal, timer);
    }
  }
}
