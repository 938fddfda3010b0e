import type { Call, Clock, Turns } from "../inspection/ports.ts";
import { UndeterminedError } from "../verdict/failure.ts";

/** Milliseconds that an answer needs to leave in time. */
const MARGIN_MS = 100;

interface Waiter {
  readonly call: Call;
  readonly resolve: () => void;
  readonly reject: (error: UndeterminedError) => void;
}

/** One turn in each round of the event loop, in the order in which they were asked for: sockets and timers come between. */
export class EventLoopTurns implements Turns {
  readonly #clock: Clock;
  readonly #waiting: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(call: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(this.#next);
    });
  }

  readonly #next = (): void => {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) return;
    // Who waits behind a queue learns that we have too much to do, and not that a registry was slow: only that may pass.
    const { signal, deadline } = waiter.call;
    if (signal.aborted || deadline - this.#clock.now() < MARGIN_MS) waiter.reject(new UndeterminedError("Overloaded", "there are more signatures to verify than there was time for"));
    else waiter.resolve();
    if (this.#waiting.length > 0) setImmediate(this.#next);
  };
}
