import type { Timer } from "../admission/ports.ts";
import type { Output } from "./io.ts";

/** Milliseconds before anybody has to be told that it takes long. */
const PATIENCE = 1000;
const CLEAR = "\r\u001b[K";

/** A line on a terminal that says how far it is, once it takes long, and goes when the answer comes. */
export class Progress {
  readonly #output: Output;
  #total: number | undefined;
  readonly #cancel: () => void;
  #done = 0;
  #state: "quiet" | "shown" | "ended" = "quiet";

  /** `total`: of images; undefined until it is known what there is. */
  constructor(output: Output, timer: Timer, total: number | undefined) {
    this.#output = output;
    this.#total = total;
    this.#cancel = timer.after(PATIENCE, () => this.#show());
  }

  /** So many images there are. */
  expect(total: number): void {
    this.#total = total;
    if (this.#state === "shown") this.#write();
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
    const words = this.#total === undefined ? "asking the API server what there is" : `asking registries: ${this.#done} of ${this.#total} images`;
    this.#output.write(`${CLEAR}${words}`);
  }
}
