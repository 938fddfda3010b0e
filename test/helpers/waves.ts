import type { Descriptor, Manifest } from "../../src/image/manifest.ts";
import type { Digest } from "../../src/image/digest.ts";
import type { Repository, Target } from "../../src/image/reference.ts";
import type { Access, Call, Referrers, Registry } from "../../src/inspection/ports.ts";

/**
 * Counts how often an inspection has to wait for the registry: a round is everything that is asked before anything that
 * was asked is answered. Answers are held back until all of their round are there.
 */
export class Waves implements Registry {
  rounds = 0;
  requests = 0;
  readonly #inner: Registry;
  #open = 0;
  #held: (() => void)[] = [];

  constructor(inner: Registry) {
    this.#inner = inner;
  }

  refuseForbidden(repository: Repository): void {
    this.#inner.refuseForbidden(repository);
  }

  remembers(): boolean {
    return false;
  }

  fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest> {
    return this.#ride(() => this.#inner.fetchManifest(access, target, call));
  }

  fetchBlob(access: Access, descriptor: Descriptor, maxBytes: number, call: Call): Promise<Uint8Array> {
    return this.#ride(() => this.#inner.fetchBlob(access, descriptor, maxBytes, call));
  }

  listReferrers(access: Access, subject: Digest, call: Call): Promise<Referrers> {
    return this.#ride(() => this.#inner.listReferrers(access, subject, call));
  }

  async #ride<Value>(ask: () => Promise<Value>): Promise<Value> {
    this.#open += 1;
    this.requests += 1;
    try {
      return await ask();
    } finally {
      await this.#wait();
    }
  }

  #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push(resolve);
    if (this.#held.length === this.#open) this.#flush();
    return promise;
  }

  #flush(): void {
    const held = this.#held;
    this.#held = [];
    this.#open = 0;
    this.rounds += 1;
    for (const resolve of held) resolve();
  }
}
