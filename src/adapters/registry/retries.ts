import { backOff } from "../../inspection/back-off.ts";
import type { Call, Timer } from "../../inspection/ports.ts";
import type { Answer } from "./answer.ts";
import { pause } from "./pause.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Persistence } from "./settings.ts";
import { isTransient, retryAfterIn, retryAfterMs, TransientError } from "./transient.ts";

export interface RetriesOptions {
  readonly timer: Timer;
  readonly persistence: Persistence;
  /** Whether the registry is worth asking again: not while it is known not to answer. */
  readonly isWorthwhile: () => boolean;
}

/** How one attempt ended. */
type Attempt = { readonly kind: "answer"; readonly answer: Answer } | { readonly kind: "failed"; readonly error: TransientError };

/**
 * Sends a request again that one registry could not answer just now: a few times, after longer and longer waits that
 * differ by chance, as late as `Retry-After` asks, and never when nobody would be waiting any more.
 */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #budget: RetryBudget;

  constructor(options: RetriesOptions) {
    this.#options = options;
    this.#budget = new RetryBudget(options.timer);
  }

  /** The last attempt's answer or error. `signal` ends a wait. */
  async run(send: () => Promise<Answer>, call: Call, signal: AbortSignal): Promise<Answer> {
    const { persistence, timer } = this.#options;
    for (let sent = 1; ; sent += 1) {
      const attempt = await attempted(send);
      const wait = this.#waitAfter(attempt, sent);
      const isInTime = wait !== undefined && !signal.aborted && timer.now() + wait < (call.patience ?? call.deadline);
      if (sent >= persistence.attempts || !isInTime || !this.#options.isWorthwhile() || !this.#budget.take()) return resultOf(attempt);
      await pause(wait, signal, timer);
    }
  }

  // Undefined when there is nothing to be sent again.
  #waitAfter(attempt: Attempt, sent: number): number | undefined {
    if (attempt.kind === "answer" && !isTransient(attempt.answer.status)) return undefined;
    const { persistence, timer } = this.#options;
    const wait = backOff(sent, persistence.jitter());
    const header = attempt.kind === "answer" ? retryAfterIn(attempt.answer.headers) : attempt.error.retryAfter;
    const asked = retryAfterMs(header, timer.now());
    // Whoever was told the same time comes a little later by chance.
    return asked === undefined ? wait : asked + wait;
  }
}

async function attempted(send: () => Promise<Answer>): Promise<Attempt> {
  try {
    return { kind: "answer", answer: await send() };
  } catch (error) {
    if (error instanceof TransientError) return { kind: "failed", error };
    throw error;
  }
}

function resultOf(attempt: Attempt): Answer {
  if (attempt.kind === "failed") throw attempt.error;
  return attempt.answer;
}
