import type { Access, Call, Clock, Locator, Query } from "../../inspection/ports.ts";
import { claimsSought } from "../../signature/candidate.ts";
import type { Evidence } from "../../verdict/evidence.ts";
import type { CredentialScopes } from "./scope.ts";
import { SharedLookups } from "./shared-lookups.ts";
import { type CacheObserver, Store } from "./store.ts";

export interface SignatureCacheSettings {
  readonly maxBytes: number;
  /** Seconds that a list with what was sought for its subject is kept. */
  readonly foundSeconds: number;
  /** Seconds that a complete list without one is kept: a refusal never rests on an older list. */
  readonly absentSeconds: number;
  /** Milliseconds that one shared look-up may take. */
  readonly lookupMs: number;
}

/** What one look-up for signatures came to, for the metrics. */
export interface InspectionObserver {
  inspected(result: "found" | "absent" | "failed"): void;
}

/** Keeps what was found for a subject, by who asked. Equal look-ups under way are one. */
export class SignatureCache implements Locator {
  readonly #inner: Locator;
  readonly #scopes: CredentialScopes;
  readonly #observer: CacheObserver & InspectionObserver;
  readonly #settings: SignatureCacheSettings;
  readonly #clock: Clock;
  readonly lists: Store<Kept>;
  readonly #locating: SharedLookups<Evidence>;

  constructor(
    inner: Locator,
    scopes: CredentialScopes,
    observer: CacheObserver & InspectionObserver,
    settings: SignatureCacheSettings & { readonly clock: Clock },
  ) {
    this.#inner = inner;
    this.#scopes = scopes;
    this.#observer = observer;
    this.#settings = settings;
    this.#clock = settings.clock;
    this.lists = new Store("signatures", settings.maxBytes, settings.clock);
    this.#locating = new SharedLookups(settings.clock, settings.lookupMs);
  }

  async locate(access: Access, query: Query, call: Call): Promise<Evidence> {
    const key = `${this.#scopes.keyOf(access)} ${query.sought} ${query.tagPrefix} ${query.subject}`;
    const kept = this.lists.get(key);
    if (kept !== undefined && this.#isFit(kept, query)) {
      this.#observer.lookup("signatures", "hit");
      return kept.evidence;
    }
    this.#observer.lookup("signatures", this.#locating.has(key) ? "shared" : "miss");
    return this.#locating.run(key, call, async (own) => {
      const at = this.#clock.now();
      const evidence = await this.#inner.locate(access, query, own);
      const state = stateOf(evidence, query);
      this.#observer.inspected(state);
      if (state !== "failed") this.lists.keepFor(this.#secondsOf(state), key, keptOf(evidence, at));
      return evidence;
    });
  }

  // A refusal never rests on a list that is older than an absence may be, nor on one from which something may be missing.
  #isFit({ at, isComplete }: Kept, { freshness }: Query): boolean {
    return freshness === "kept" || (isComplete && this.#clock.now() - at <= this.#settings.absentSeconds * 1000);
  }

  #secondsOf(state: "found" | "absent"): number {
    return state === "found" ? this.#settings.foundSeconds : this.#settings.absentSeconds;
  }
}

interface Kept {
  readonly evidence: Evidence;
  /** When the look-up began, in milliseconds by the clock. */
  readonly at: number;
  /** Whether every location was asked and answered. */
  readonly isComplete: boolean;
}

// What was found stands beside a location that failed. The failure itself is no answer: whom the list is not enough for
// asks again.
function keptOf(evidence: Evidence, at: number): Kept {
  return { evidence: { ...evidence, failed: [] }, at, isComplete: evidence.failed.length === 0 && evidence.unasked === undefined };
}

// Found stands whatever else failed beside it. Absence is an answer only when every location gave one that can be kept.
function stateOf({ candidates, failed, exhausted }: Evidence, query: Query): "found" | "absent" | "failed" {
  if (candidates.some((candidate) => claimsSought(candidate, query))) return "found";
  const isComplete = failed.length === 0 && exhausted.length === 0;
  const isRead = candidates.every((candidate) => candidate.claim.kind !== "unreadable");
  return isComplete && isRead ? "absent" : "failed";
}
