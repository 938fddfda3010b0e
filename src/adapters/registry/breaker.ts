import type { Timer } from "../../inspection/ports.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import type { Answer } from "./answer.ts";
import { joined } from "./deadline.ts";
import { isFailing } from "./transient.ts";

/** Failures one after another, without an answer between them, that make a registry doubtful. */
const FAILURES = 3;
/** Milliseconds that they must span: what fails in one moment may be one broken connection. */
const SPAN = 1_000;
/** Milliseconds before a registry is asked again for the first time, and at most. */
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 15_000;

type State =
  /** `since`: when the first of the failures was sent. */
  | { readonly kind: "closed"; readonly failures: number; readonly since: number }
  /** It is being asked whether it answers at all; requests go on meanwhile. */
  | { readonly kind: "doubtful" }
  | { readonly kind: "open"; readonly until: number; readonly pause: number }
  /** It is being asked again, and nothing else is sent to it before it answers. */
  | { readonly kind: "half-open" };

const CLOSED: State = { kind: "closed", failures: 0, since: 0 };

export interface BreakerOptions {
  readonly host: string;
  readonly timer: Timer;
  /** Whether the registry answers at all, found out in bounded time. Never throws. */
  readonly ping: () => Promise<boolean>;
  /** Told 1 when nothing is sent to the registry any more, and -1 when that is over. */
  readonly leftAlone: (change: 1 | -1) => void;
}

/**
 * Keeps requests from one registry while it does not answer, so that an outage costs no waiting. Failures only raise the
 * doubt; a ping decides, since whoever writes image references chooses what else is asked for, and could otherwise close
 * a registry to everybody with requests that are bound to fail.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = CLOSED;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Whether requests go through. */
  get isClosed(): boolean {
    return this.#state.kind === "closed" || this.#state.kind === "doubtful";
  }

  /**
   * Lets a request pass. Throws UndeterminedError (RegistryUnavailable) while the registry is known not to answer; the
   * first who comes once it is to be asked again waits for what that comes to.
   */
  async enter(signal: AbortSignal): Promise<void> {
    const state = this.#state;
    if (state.kind === "open" && this.#options.timer.now() >= state.until) await joined(this.#probe(state.pause), signal);
    this.refuseOpen();
  }

  /** The same for whoever has entered and has had to wait since. */
  refuseOpen(): void {
    if (!this.isClosed) throw this.#refusal();
  }

  /** Learns from how a request goes. One that its sender gave up tells nothing. */
  async watch(send: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const sent = this.#options.timer.now();
    try {
      const answer = await send();
      if (isFailing(answer.status)) this.#failed(sent);
      else this.#become(CLOSED);
      return answer;
    } catch (error) {
      if (error instanceof UndeterminedError && !signal.aborted) this.#failed(sent);
      throw error;
    }
  }

  /** It is no longer kept: whatever it said of its registry is void. */
  retire(): void {
    this.#become(CLOSED);
  }

  #failed(sent: number): void {
    const state = this.#state;
    if (state.kind !== "closed") return;
    const failures = state.failures + 1;
    const since = state.failures === 0 ? sent : state.since;
    this.#become({ kind: "closed", failures, since });
    if (failures >= FAILURES && this.#options.timer.now() - since >= SPAN) void this.#doubt();
  }

  async #doubt(): Promise<void> {
    this.#become({ kind: "doubtful" });
    const answers = await this.#options.ping();
    // A request that was under way may have been answered meanwhile, which says more.
    if (this.#state.kind === "doubtful") this.#become(answers ? CLOSED : this.#opened(FIRST_PAUSE));
  }

  async #probe(pause: number): Promise<void> {
    this.#become({ kind: "half-open" });
    const answers = await this.#options.ping();
    if (this.#state.kind === "half-open") this.#become(answers ? CLOSED : this.#opened(Math.min(pause * 2, LONGEST_PAUSE)));
  }

  #become(state: State): void {
    const before = this.isClosed;
    this.#state = state;
    if (this.isClosed !== before) this.#options.leftAlone(before ? 1 : -1);
  }

  #opened(pause: number): State {
    return { kind: "open", until: this.#options.timer.now() + pause, pause };
  }

  #refusal(): UndeterminedError {
    const { host, timer } = this.#options;
    const state = this.#state;
    const seconds = state.kind === "open" ? Math.ceil((state.until - timer.now()) / 1000) : 0;
    const when = seconds > 0 ? `in ${seconds} s` : "just now";
    return new UndeterminedError("RegistryUnavailable", `${host} has not been answering for a while, and is asked again ${when}`);
  }
}
