import type { Timer } from "../../inspection/ports.ts";

/** Resolves after so many milliseconds; rejects with the signal's reason when it aborts before that. */
export function pause(milliseconds: number, signal: AbortSignal, timer: Timer): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = timer.after(milliseconds, () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    });
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}
