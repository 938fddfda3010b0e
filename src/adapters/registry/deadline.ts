import type { Call, Clock } from "../../inspection/ports.ts";
import { RefusedError, UndeterminedError } from "../../verdict/failure.ts";

/** The longest time that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

/**
 * Does the work within the bounds of a call: `signal` aborts at its deadline and when its own signal does. Whatever the
 * work throws because of that is DeadlineExceeded; `host` is for the message. A refusal that was found in time stands.
 */
export async function withinCall<T>(call: Call, clock: Clock, host: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const remaining = call.deadline - clock.now();
  if (remaining <= 0 || call.signal.aborted) throw exceeded(host);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.min(remaining, LONGEST));
  call.signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && !(error instanceof RefusedError)) throw exceeded(host);
    throw error;
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener("abort", abort);
  }
}

/** Waits for work that others wait for too: giving up rejects with the signal's reason, and leaves the work alone. */
export async function joined<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const gone = Promise.withResolvers<never>();
  const giveUp = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([shared, gone.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function exceeded(host: string): UndeterminedError {
  return new UndeterminedError("DeadlineExceeded", `${host} did not answer in the time that was left`);
}
