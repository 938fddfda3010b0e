import type { Call } from "../../inspection/ports.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Timer } from "./timer.ts";

/** The longest that we wait for one answer of the API server, in milliseconds. */
export const ANSWER_LIMIT = 5_000;

/** Ends one exchange with the API server: when its time is over, or when its caller has gone. */
export class Limit {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #timer: Timer;
  readonly #over: Promise<never>;
  #disarm: () => void = () => undefined;

  constructor(caller: AbortSignal, timer: Timer) {
    this.#caller = caller;
    this.#timer = timer;
    this.#over = new Promise((_, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason as ClusterError));
    });
    // Most exchanges end well, and then nobody is left to listen.
    this.#over.catch(() => undefined);
    if (caller.aborted) this.#leave();
    else caller.addEventListener("abort", this.#leave);
  }

  /** Aborts with a ClusterError as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the exchange with `fault` at that instant, milliseconds since the epoch. Replaces what was set before. */
  expireAt(instant: number, fault: ClusterError): void {
    this.#disarm();
    const left = instant - this.#timer.now();
    if (left <= 0) this.#controller.abort(fault);
    else if (Number.isFinite(left)) this.#disarm = this.#timer.after(left, () => this.#controller.abort(fault));
  }

  /** What is pending, or the limit's ClusterError, whichever comes first. */
  race<T>(pending: Promise<T>): Promise<T> {
    return Promise.race([pending, this.#over]);
  }

  /** The exchange has ended by itself. */
  release(): void {
    this.#disarm();
    this.#caller.removeEventListener("abort", this.#leave);
  }

  readonly #leave = (): void => {
    this.#controller.abort(new ClusterError("DeadlineExceeded", "its caller did not wait for the answer"));
  };
}

/** For one answer: the caller's deadline or ANSWER_LIMIT, whichever comes first. */
export function expireWithAnswer(limit: Limit, call: Call, timer: Timer): void {
  const own = timer.now() + ANSWER_LIMIT;
  if (call.deadline <= own) limit.expireAt(call.deadline, deadlineExceeded());
  else limit.expireAt(own, new ClusterError("Unavailable", `the API server did not answer within ${ANSWER_LIMIT / 1000} s`));
}

/** The bounds of a look-up that several callers wait for: ANSWER_LIMIT, and nobody's signal. */
export function sharedCall(): Call {
  return { deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
}

/**
 * Waits as long as this caller can for a look-up that others may share. Throws ClusterError (DeadlineExceeded) when the
 * caller's time is over; the look-up itself goes on.
 */
export async function within<T>(pending: Promise<T>, call: Call, timer: Timer): Promise<T> {
  const limit = new Limit(call.signal, timer);
  try {
    limit.expireAt(call.deadline, deadlineExceeded());
    return await limit.race(pending);
  } finally {
    limit.release();
  }
}

function deadlineExceeded(): ClusterError {
  return new ClusterError("DeadlineExceeded", "the API server did not answer in the time that was left");
}
