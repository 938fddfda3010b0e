import { LRUCache } from "lru-cache";
import type { Clock } from "../../inspection/ports.ts";
import { weigh } from "./weigh.ts";

/** The caches by the names that the metrics give them. */
export const CACHE_NAMES = ["tags", "proofs", "content", "signatures", "verifications"] as const;
export type CacheName = (typeof CACHE_NAMES)[number];

/** What the metrics want to know of a look-up in a cache. */
export interface CacheObserver {
  /** `stale`: answered by what was known earlier, besides the `miss` that this look-up was first. */
  lookup(cache: CacheName, result: "hit" | "miss" | "shared" | "stale"): void;
}

/** One cache, bounded in bytes, on an injected clock. The least recently used goes first. */
export class Store<Value extends object> {
  readonly name: CacheName;
  readonly #entries: LRUCache<string, Value>;

  constructor(name: CacheName, maxBytes: number, clock: Clock) {
    this.name = name;
    this.#entries = new LRUCache<string, Value>({
      maxSize: Math.max(1, Math.floor(maxBytes)),
      sizeCalculation: (value, key) => weigh(value) + 2 * key.length + ENTRY_BYTES,
      perf: clock,
      // Otherwise lru-cache rounds the time by a timer of its own, which no test can move.
      ttlResolution: 0,
    });
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Keeps a value for so many seconds; zero keeps nothing, not even what was there (to lru-cache a ttl of zero is for ever). */
  keepFor(seconds: number, key: string, value: Value): void {
    if (seconds > 0) this.#entries.set(key, value, { ttl: seconds * 1000 });
    else this.forget(key);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** Keeps what cannot change until it is evicted. */
  keep(key: string, value: Value): void {
    this.#entries.set(key, value);
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }
}

/** What an entry costs besides its key and value: map slots and list links. */
const ENTRY_BYTES = 160;
