interface Change<Value> {
  /** Milliseconds: it may be seen from then on, and the value before it until `done`. */
  readonly began: number;
  readonly done: number;
  readonly value: Value;
}

/** What was true when, as far as whoever changed it can say. */
export class Timeline<Value> {
  readonly #changes: Change<Value>[];

  constructor(first: Value) {
    this.#changes = [{ began: Number.NEGATIVE_INFINITY, done: Number.NEGATIVE_INFINITY, value: first }];
  }

  get current(): Value {
    const last = this.#changes.at(-1);
    if (last === undefined) throw new RangeError("a timeline begins with a value");
    return last.value;
  }

  /** Makes a change and remembers between which instants it was made. */
  async change(value: Value, make: () => Promise<unknown>): Promise<void> {
    const began = Date.now();
    const open = { began, done: Number.POSITIVE_INFINITY, value };
    this.#changes.push(open);
    await make();
    this.#changes[this.#changes.indexOf(open)] = { ...open, done: Date.now() };
  }

  /** Every value that was true at some instant between these two. */
  during(from: number, to: number): ReadonlySet<Value> {
    const seen = this.#changes.filter(({ began }, i) => began <= to && (this.#changes[i + 1]?.done ?? Number.POSITIVE_INFINITY) >= from);
    return new Set(seen.map(({ value }) => value));
  }
}
