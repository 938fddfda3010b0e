import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Credential } from "../../inspection/credential.ts";
import type { Clock } from "../../inspection/ports.ts";
import { joined } from "./deadline.ts";

const MAX_TOKENS = 4096;
/** Milliseconds before its expiry at which a token counts as expired: it must still be good when it arrives. */
const MARGIN = 5_000;

/** Everything that decides which token a token service hands out. */
export interface TokenQuestion {
  /** URL of the token service. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string;
  readonly credential: Credential;
}

export interface Token {
  readonly text: string;
  /** Seconds from when it was asked for. */
  readonly lifetime: number;
}

interface Kept {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Bearer tokens until they expire, by everything that decides about them; one request for all who want the same. */
export class Tokens {
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_TOKENS });
  readonly #pending = new Map<string, Promise<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  kept(question: TokenQuestion): string | undefined {
    const kept = this.#kept.get(keyOf(question));
    return kept !== undefined && kept.until > this.#clock.now() ? kept.text : undefined;
  }

  /**
   * The token that is kept, or else a new one. `fetch` serves everybody who asks meanwhile, so it must not depend on
   * this caller's bounds; the signal ends this caller's waiting alone.
   */
  async obtain(question: TokenQuestion, fetch: () => Promise<Token>, signal: AbortSignal): Promise<string> {
    const kept = this.kept(question);
    if (kept !== undefined) return kept;
    const key = keyOf(question);
    const pending = this.#pending.get(key) ?? this.#start(key, fetch);
    return joined(pending, signal);
  }

  /** The registry did not take this token: it is not handed out again, unless a newer one has taken its place. */
  forget(question: TokenQuestion, text: string): void {
    const key = keyOf(question);
    if (this.#kept.peek(key)?.text === text) this.#kept.delete(key);
  }

  #start(key: string, fetch: () => Promise<Token>): Promise<string> {
    const asked = this.#clock.now();
    const pending = fetch()
      .then(({ text, lifetime }) => {
        this.#kept.set(key, { text, until: asked + lifetime * 1000 - MARGIN });
        return text;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    // Everybody who waited may have given up by the time it fails.
    pending.catch(() => undefined);
    return pending;
  }
}

// A digest, so that no password stands in the keys of a map.
function keyOf({ realm, service, scope, credential }: TokenQuestion): string {
  return createHash("sha256").update(JSON.stringify([realm, service ?? null, scope, credential])).digest("base64");
}
