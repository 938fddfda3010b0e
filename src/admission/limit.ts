import type { Call } from "../inspection/ports.ts";
import type { Timer } from "./ports.ts";

/**
 * A stretch of time in which something has to be done. It is over at its deadline, when whoever asked has gone, and when
 * it is closed; a limit within another ends with it.
 */
export class Limit {
  /** To hand on to whatever is called: it has the deadline, and is aborted when the limit is over. */
  readonly call: Call;
  readonly #timer: Timer;
  readonly #ended: Promise<void>;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #cancel: () => void;

  constructor(milliseconds: number, parent: AbortSignal, timer: Timer) {
    this.#timer = timer;
    this.call = { deadline: timer.now() + milliseconds, signal: this.#controller.signal };
    this.#ended = new Promise((resolve) => {
      this.#controller.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#parent = parent;
    parent.addEventListener("abort", this.close);
    this.#cancel = timer.after(Math.max(milliseconds, 0), this.close);
    if (parent.aborted || milliseconds <= 0) this.close();
  }

  get isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Milliseconds left; never negative. */
  get left(): number {
    return Math.max(0, this.call.deadline - this.#timer.now());
  }

  /** A shorter limit that ends with this one. */
  within(milliseconds: number): Limit {
    return new Limit(Math.min(milliseconds, this.left), this.call.signal, this.#timer);
  }

  /** What the work comes to, or what `late` says when the limit is over first, whatever the work does then. */
  async race<T>(work: () => Promise<T>, late: () => T): Promise<T> {
    if (this.isOver) return late();
    let isUnderWay = true;
    const worked = work().finally(() => {
      isUnderWay = false;
    });
    // Every limit ends some time, mostly after the work; then nobody is late, and no answer has to be made up.
    return Promise.race([worked, this.#ended.then(() => (isUnderWay ? late() : worked))]);
  }

  /** Tells whatever is still under way that nobody waits for it, and leaves nothing behind. */
  readonly close = (): void => {
    this.#cancel();
    this.#parent.removeEventListener("abort", this.close);
    this.#controller.abort(OVER);
  };
}

/** What every abort says: without a reason at hand, each would make an error with a stack of its own. */
const OVER = new DOMException("the time is over", "AbortError");
