import type { Repository } from "../../image/reference.ts";
import type { Access, Call, Clock, Locator, Query } from "../../inspection/ports.ts";
import { claimsSought } from "../../signature/candidate.ts";
import type { Evidence } from "../../verdict/evidence.ts";
import type { CredentialScopes } from "./scope.ts";
import { SharedLookups } from "./shared-lookups.ts";
import { type Earlier, failedAsFound, halfOf, isPartlyUnreachable, isUnreachableError, withEarlier } from "./stale.ts";
import { type CacheObserver, Store } from "./store.ts";

export interface SignatureCacheSettings {
  readonly maxBytes: number;
  /** Seconds that a list with what was sought for its subject is kept. */
  readonly foundSeconds: number;
  /** Seconds beyond that for which it may still answer where its location cannot be reached. */
  readonly staleSeconds: number;
  /** Seconds that a complete list without one is kept: a refusal never rests on an older list. */
  readonly absentSeconds: number;
  /** Milliseconds that one shared look-up may take. */
  readonly lookupMs: number;
}

/** What one look-up for signatures came to, for the metrics. */
export interface InspectionObserver {
  inspected(result: "found" | "absent" | "failed"): void;
}

/**
 * Keeps what was found for a subject, by who asked. Equal look-ups under way are one. While a registry cannot be reached,
 * what was found there earlier stands beside what fails, for so long.
 */
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
    const look = (bounds: Call): Promise<Evidence> => this.#locating.run(key, bounds, (own) => this.#look(access, query, own, key));
    return kept?.state === "found" ? this.#besides(kept, access.repository, look, call) : look(call);
  }

  async #besides(earlier: Kept, repository: Repository, look: (call: Call) => Promise<Evidence>, call: Call): Promise<Evidence> {
    const now = await look(halfOf(call, this.#clock)).catch((error: unknown) => {
      if (!isUnreachableError(error)) throw error;
      return failedAt(repository, failedAsFound(earlier, error));
    });
    const evidence = withEarlier(now, earlier, this.#clock);
    if (evidence.staleSeconds !== undefined) this.#observer.lookup("signatures", "stale");
    return evidence;
  }

  async #look(access: Access, query: Query, own: Call, key: string): Promise<Evidence> {
    const at = this.#clock.now();
    const evidence = failedAt(access.repository, await this.#inner.locate(access, query, own));
    const state = stateOf(evidence, query);
    this.#observer.inspected(state);
    // What could be seen of the locations must not take the place of what may answer for the others.
    const hasEarlier = isPartlyUnreachable(evidence) && this.lists.get(key)?.state === "found";
    if (hasEarlier) return evidence;
    if (state === "failed") this.lists.forget(key);
    else this.lists.keepFor(this.#secondsOf(state), key, { evidence: { ...evidence, failed: [] }, state, at, isComplete: evidence.failed.length === 0 && evidence.unasked === undefined });
    return evidence;
  }

  // A refusal never rests on a list that is older than an absence may be, nor on one from which something may be missing.
  #isFit({ at, state, isComplete }: Kept, { freshness }: Query): boolean {
    const age = (this.#clock.now() - at) / 1000;
    const { foundSeconds, absentSeconds } = this.#settings;
    if (freshness === "fresh") return isComplete && age <= absentSeconds;
    return state === "absent" || age < foundSeconds;
  }

  #secondsOf(state: "found" | "absent"): number {
    const { foundSeconds, absentSeconds, staleSeconds } = this.#settings;
    return state === "found" ? foundSeconds + staleSeconds : absentSeconds;
  }
}

/** A list, without its failures: they are no answer, and whom the list is not enough for asks again. */
interface Kept extends Earlier {
  readonly state: "found" | "absent";
  /** Whether every location was asked and answered. */
  readonly isComplete: boolean;
}

// Mirrors and repositories of signatures are registries of their own, with outages of their own.
function failedAt({ host }: Repository, evidence: Evidence): Evidence {
  return evidence.failed.length === 0 ? evidence : { ...evidence, failed: evidence.failed.map((failure) => ({ ...failure, host })) };
}

// Found stands whatever else failed beside it. Absence is an answer only when every location gave one that can be kept.
function stateOf({ candidates, failed, exhausted }: Evidence, query: Query): "found" | "absent" | "failed" {
  if (candidates.some((candidate) => claimsSought(candidate, query))) return "found";
  const isComplete = failed.length === 0 && exhausted.length === 0;
  const isRead = candidates.every((candidate) => candidate.claim.kind !== "unreadable");
  return isComplete && isRead ? "absent" : "failed";
}
