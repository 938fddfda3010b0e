/** Equal look-ups at the same time are one. Nothing is kept once they have ended. */
export class PendingLookups<T> {
  readonly #pending = new Map<string, Promise<T>>();

  /** What is pending under this key, else what `start` starts. */
  get(key: string, start: () => Promise<T>): Promise<T> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const started = start().finally(() => this.#pending.delete(key));
    this.#pending.set(key, started);
    return started;
  }
}
