import type { Timer } from "../../inspection/ports.ts";

export type { Timer };

export const SYSTEM_TIMER: Timer = {
  now: () => Date.now(),
  after: (milliseconds, action) => {
    const handle = setTimeout(action, milliseconds);
    return () => clearTimeout(handle);
  },
};

/** Resolves after so many milliseconds, or as soon as the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal, timer: Timer): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timer.after(milliseconds, end);
    signal.addEventListener("abort", end);
  });
}

/** Kubernetes' MicroTime, which has exactly six digits. */
export function microTime(instant: number): string {
  return new Date(instant).toISOString().replace("Z", "000Z");
}
