import type { Call, Clock } from "../../inspection/ports.ts";
import { UndeterminedError } from "../../verdict/failure.ts";

interface UnderWay<Value> {
  readonly promise: Promise<Value>;
  /** When the last of its callers leaves. */
  patience: number;
}

/**
 * Makes equal look-ups under way one look-up. It has a limit of its own and no caller's signal: a caller whose time is
 * over leaves, and the look-up goes on for the others and for the cache.
 */
export class SharedLookups<Value> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #underWay = new Map<string, UnderWay<Value>>();

  /** `limitMs`: the longest that one shared look-up may take, in milliseconds. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }

  /** Throws what the look-up throws, or UndeterminedError (DeadlineExceeded) when the caller's own time is over first. */
  run(key: string, call: Call, lookup: (own: Call) => Promise<Value>): Promise<Value> {
    const patience = call.patience ?? call.deadline;
    const underWay = this.#underWay.get(key) ?? this.#start(key, patience, lookup);
    underWay.patience = Math.max(underWay.patience, patience);
    return this.#within(call, underWay.promise);
  }

  #start(key: string, patience: number, lookup: (own: Call) => Promise<Value>): UnderWay<Value> {
    const deadline = this.#clock.now() + this.#limitMs;
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const underWay: UnderWay<Value> = { promise, patience };
    const own: Call = {
      deadline,
      signal: new AbortController().signal,
      get patience() {
        return Math.min(deadline, underWay.patience);
      },
    };
    // Every caller may have left by the time it fails; each of them has had its own answer.
    promise.catch(() => undefined);
    this.#underWay.set(key, underWay);
    lookup(own).finally(() => this.#underWay.delete(key)).then(resolve, reject);
    return underWay;
  }

  #within(call: Call, lookup: Promise<Value>): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const leave = (): void => reject(new UndeterminedError("DeadlineExceeded", "the time for this request was over before the registry had answered"));
    const timer = setTimeout(leave, Math.max(0, call.deadline - this.#clock.now()));
    call.signal.addEventListener("abort", leave, { once: true });
    if (call.signal.aborted) leave();
    lookup.then(resolve, reject);
    return promise.finally(() => {
      clearTimeout(timer);
      call.signal.removeEventListener("abort", leave);
    });
  }
}
