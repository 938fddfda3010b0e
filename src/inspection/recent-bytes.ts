import type { Clock } from "./ports.ts";

/** Bounds the bytes that are taken within a time: whatever was taken comes back when it is over. */
export interface Bounded {
  /** Takes so many bytes; false, with nothing taken, where they are not left. */
  take(bytes: number): boolean;
}

/** Where nobody else reads beside. */
export const UNBOUNDED: Bounded = { take: () => true };

interface Taken {
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * What the whole process has read lately. Nobody says when evidence is given up, but no request outlives its time: so
 * what was read within that time is more than is held.
 */
export class RecentBytes implements Bounded {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #milliseconds: number;
  readonly #taken: Taken[] = [];
  #sum = 0;

  constructor(clock: Clock, limit: number, milliseconds: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#milliseconds = milliseconds;
  }

  take(bytes: number): boolean {
    const now = this.#clock.now();
    for (let first = this.#taken[0]; first !== undefined && first.until <= now; first = this.#taken[0]) {
      this.#taken.shift();
      this.#sum -= first.bytes;
    }
    if (this.#sum + bytes > this.#limit) return false;
    this.#taken.push({ bytes, until: now + this.#milliseconds });
    this.#sum += bytes;
    return true;
  }
}

/** A fixed number of bytes, which does not come back. */
export class Allowance implements Bounded {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}
