import type { Timer } from "../admission/ports.ts";
import type { Output } from "./io.ts";

/** Milliseconds before anybody has to be told that it takes long. */
const PATIENCE = 1000;
const CLEAR = "\r\u001b[K";

/** A line on a terminal that says how far it is, once it takes long, and goes when the answer comes. */
export class Progress {
  readonly #output: Output;
  readonly #total: number;
  readonly #cancel: () => void;
  #done = 0;
  #state: "quiet" | "shown" | "ended" = "quiet";

  constructor(output: Output, timer: Timer, total: number) {
    this.#output = output;
    this.#total = total;
    this.#cancel = timer.after(PATIENCE, () => this.#show());
  }

  /** One more image has its verdict. */
  step(): void {
    this.#done += 1;
    if (this.#state === "shown") this.#write();
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#state === "shown") this.#output.write(CLEAR);
    this.#output.write(`${line}\n`);
    if (this.#state === "shown") this.#write();
  }

  end(): void {
    this.#cancel();
    if (this.#state === "shown") this.#output.write(CLEAR);
    this.#state = "ended";
  }

  #show(): void {
    if (this.#output.isTTY !== true) return;
    this.#state = "shown";
    this.#write();
  }

  #write(): void {
    this.#output.write(`${CLEAR}asking registries: ${this.#done} of ${this.#total} images`);
  }
}
