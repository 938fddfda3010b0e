import type { Digest } from "../../image/digest.ts";
import type { Access, Call, Clock, Locator } from "../../inspection/ports.ts";
import { claimsDigest } from "../../signature/candidate.ts";
import type { Evidence } from "../../verdict/evidence.ts";
import type { CredentialScopes } from "./scope.ts";
import { SharedLookups } from "./shared-lookups.ts";
import { type CacheObserver, Store } from "./store.ts";

export interface SignatureCacheSettings {
  readonly maxBytes: number;
  /** Seconds that a signature list with a claim on its subject is kept. */
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
  readonly lists: Store<Evidence>;
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
    this.lists = new Store("signatures", settings.maxBytes, settings.clock);
    this.#locating = new SharedLookups(settings.clock, settings.lookupMs);
  }

  async locate(access: Access, subject: Digest, call: Call): Promise<Evidence> {
    const key = `${this.#scopes.keyOf(access)} ${subject}`;
    const kept = this.lists.get(key);
    if (kept !== undefined) {
      this.#observer.lookup("signatures", "hit");
      return kept;
    }
    this.#observer.lookup("signatures", this.#locating.has(key) ? "shared" : "miss");
    return this.#locating.run(key, call, async (own) => {
      const evidence = await this.#inner.locate(access, subject, own);
      const state = stateOf(evidence);
      this.#observer.inspected(state);
      if (state !== "failed") this.lists.keepFor(this.#secondsOf(state), key, evidence);
      return evidence;
    });
  }

  #secondsOf(state: "found" | "absent"): number {
    return state === "found" ? this.#settings.foundSeconds : this.#settings.absentSeconds;
  }
}

// Found stands whatever else failed beside it. Absence is an answer only when every location gave one that can be kept.
function stateOf(evidence: Evidence): "found" | "absent" | "failed" {
  if (evidence.candidates.some((candidate) => claimsDigest(candidate, evidence.subject))) return "found";
  const isComplete = evidence.failed.length === 0 && evidence.exhausted.length === 0;
  const isRead = evidence.candidates.every((candidate) => candidate.claim.kind !== "unreadable");
  return isComplete && isRead ? "absent" : "failed";
}
