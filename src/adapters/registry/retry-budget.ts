import type { Clock } from "../../inspection/ports.ts";

/** Enough for what is looked up at one time when a registry restarts. */
const CAPACITY = 20;
/** How many come back in a second. */
const REFILL = 2;

/**
 * How many requests to one registry may be sent again, whoever sent them: without an end to it, an outage would be
 * answered with a multiple of the load that it cannot bear.
 */
export class RetryBudget {
  readonly #clock: Clock;
  #left = CAPACITY;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** Takes one, if there is one left. */
  take(): boolean {
    const now = this.#clock.now();
    // The system's clock may be set back.
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#left = Math.min(CAPACITY, this.#left + seconds * REFILL);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
