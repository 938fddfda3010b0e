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
  readonly #parent: AbortSignal | Limit;
  readonly #inner = new Set<Limit>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #cancel: () => void;
  // Most requests are answered from memory, and nobody ever looks at their signal.
  #controller: AbortController | undefined;
  #isOver = false;

  constructor(milliseconds: number, parent: AbortSignal | Limit, timer: Timer) {
    this.#timer = timer;
    this.#parent = parent;
    const signal = (): AbortSignal => this.#signal();
    this.call = {
      deadline: timer.now() + milliseconds,
      get signal() {
        return signal();
      },
    };
    if (parent instanceof Limit) parent.#inner.add(this);
    else parent.addEventListener("abort", this.close);
    this.#cancel = timer.after(Math.max(milliseconds, 0), this.close);
    const wasOver = parent instanceof Limit ? parent.isOver : parent.aborted;
    if (wasOver || milliseconds <= 0) this.close();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Milliseconds left; never negative. */
  get left(): number {
    return Math.max(0, this.call.deadline - this.#timer.now());
  }

  /** A shorter limit that ends with this one. */
  within(milliseconds: number): Limit {
    return new Limit(Math.min(milliseconds, this.left), this, this.#timer);
  }

  /** What the work comes to, or what `late` says when the limit is over first, whatever the work does then. */
  async race<T>(work: () => Promise<T>, late: () => T): Promise<T> {
    if (this.isOver) return late();
    let isUnderWay = true;
    const worked = work().finally(() => {
      isUnderWay = false;
    });
    // Every limit ends some time, mostly after the work; then nobody is late, and no answer has to be made up.
    return Promise.race([worked, this.#ended.promise.then(() => (isUnderWay ? late() : worked))]);
  }

  /** Tells whatever is still under way that nobody waits for it, and leaves nothing behind. */
  readonly close = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel();
    if (this.#parent instanceof Limit) this.#parent.#inner.delete(this);
    else this.#parent.removeEventListener("abort", this.close);
    for (const inner of this.#inner) inner.close();
    this.#controller?.abort(OVER);
    this.#ended.resolve();
  };

  #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort(OVER);
    return this.#controller.signal;
  }
}

/** What every abort says: without a reason at hand, each would make an error with a stack of its own. */
const OVER = new DOMException("the time is over", "AbortError");
