import type { Digest } from "../../image/digest.ts";
import type { Descriptor, Manifest } from "../../image/manifest.ts";
import type { Repository, Target } from "../../image/reference.ts";
import type { Access, Call, Clock, Referrers, Registry } from "../../inspection/ports.ts";
import type { CredentialScopes } from "./scope.ts";
import { SharedLookups } from "./shared-lookups.ts";
import { halfOf, isUnreachableError } from "./stale.ts";
import { type CacheObserver, Store } from "./store.ts";

export interface ContentCacheSettings {
  readonly contentBytes: number;
  readonly proofBytes: number;
  /** Seconds that a proof of access to a digest lasts. */
  readonly proofSeconds: number;
  /** Seconds beyond that for which it still counts while the registry cannot be reached. */
  readonly staleSeconds: number;
  /** Milliseconds that one shared look-up may take. */
  readonly lookupMs: number;
}

interface Proof {
  /** Milliseconds by the clock. */
  readonly until: number;
}

/**
 * A registry whose manifests and blobs are kept by digest, since they cannot change. They are reachable only behind an
 * access proof: the same credential has been handed the same digest from the same repository within the proof's time,
 * or for a manifest somewhat longer ago while the registry cannot be reached. Tags are always asked for; only equal
 * requests under way are joined.
 */
export class ContentCache implements Registry {
  readonly #inner: Registry;
  readonly #scopes: CredentialScopes;
  readonly #observer: CacheObserver;
  readonly #settings: ContentCacheSettings & { readonly clock: Clock };
  readonly manifests: Store<Manifest | Uint8Array>;
  readonly proofs: Store<Proof>;
  readonly #fetchingManifests: SharedLookups<Manifest>;
  readonly #fetchingBlobs: SharedLookups<Uint8Array>;

  constructor(inner: Registry, scopes: CredentialScopes, observer: CacheObserver, settings: ContentCacheSettings & { readonly clock: Clock }) {
    this.#inner = inner;
    this.#scopes = scopes;
    this.#observer = observer;
    this.#settings = settings;
    this.manifests = new Store("content", settings.contentBytes, settings.clock);
    this.proofs = new Store("proofs", settings.proofBytes, settings.clock);
    this.#fetchingManifests = new SharedLookups(settings.clock, settings.lookupMs);
    this.#fetchingBlobs = new SharedLookups(settings.clock, settings.lookupMs);
  }

  refuseForbidden(repository: Repository): void {
    this.#inner.refuseForbidden(repository);
  }

  remembers(access: Access, target: Target): boolean {
    return target.kind === "digest" && this.#reachEarlier(access, target.digest) !== undefined;
  }

  async fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest> {
    const kept = target.kind === "digest" ? this.#reach(access, target.digest) : undefined;
    if (kept !== undefined && !(kept instanceof Uint8Array)) {
      this.#observer.lookup("content", "hit");
      return kept;
    }
    const { maxBytes } = call;
    const key = `${this.#scopes.keyOf(access)} ${target.kind === "digest" ? target.digest : target.tag} ${maxBytes ?? ""}`;
    this.#observer.lookup("content", this.#fetchingManifests.has(key) ? "shared" : "miss");
    const fetch = (bounds: Call): Promise<Manifest> =>
      this.#fetchingManifests.run(key, bounds, async (own) => {
        const manifest = await this.#fetched(access, target, bounded(own, maxBytes));
        this.#keep(access, manifest.digest, manifest);
        return manifest;
      });
    const earlier = target.kind === "digest" ? this.#reachEarlier(access, target.digest) : undefined;
    return earlier === undefined || earlier instanceof Uint8Array ? fetch(call) : this.#unlessUnreachable(earlier, fetch, call);
  }

  async fetchBlob(access: Access, descriptor: Descriptor, maxBytes: number, call: Call): Promise<Uint8Array> {
    const kept = this.#reach(access, descriptor.digest);
    if (kept instanceof Uint8Array && kept.byteLength <= maxBytes) {
      this.#observer.lookup("content", "hit");
      return kept;
    }
    const key = `${this.#scopes.keyOf(access)} ${descriptor.digest} ${descriptor.size} ${maxBytes}`;
    this.#observer.lookup("content", this.#fetchingBlobs.has(key) ? "shared" : "miss");
    return this.#fetchingBlobs.run(key, call, async (own) => {
      const bytes = await this.#inner.fetchBlob(access, descriptor, maxBytes, own);
      this.#keep(access, descriptor.digest, bytes);
      return bytes;
    });
  }

  listReferrers(access: Access, subject: Digest, call: Call): Promise<Referrers> {
    return this.#inner.listReferrers(access, subject, call);
  }

  async #unlessUnreachable(earlier: Manifest, fetch: (call: Call) => Promise<Manifest>, call: Call): Promise<Manifest> {
    try {
      return await fetch(halfOf(call, this.#settings.clock));
    } catch (error) {
      if (!isUnreachableError(error)) throw error;
      this.#observer.lookup("content", "stale");
      return earlier;
    }
  }

  // Whoever is refused what they could read before has lost the right to it, or it is gone.
  async #fetched(access: Access, target: Target, own: Call): Promise<Manifest> {
    try {
      return await this.#inner.fetchManifest(access, target, own);
    } catch (error) {
      if (target.kind === "digest" && !isUnreachableError(error)) this.proofs.forget(this.#proofKey(access, target.digest));
      throw error;
    }
  }

  #reach(access: Access, digest: Digest): Manifest | Uint8Array | undefined {
    const proof = this.proofs.get(this.#proofKey(access, digest));
    return proof !== undefined && this.#settings.clock.now() < proof.until ? this.manifests.get(digest) : undefined;
  }

  #reachEarlier(access: Access, digest: Digest): Manifest | Uint8Array | undefined {
    return this.proofs.has(this.#proofKey(access, digest)) ? this.manifests.get(digest) : undefined;
  }

  #keep(access: Access, digest: Digest, content: Manifest | Uint8Array): void {
    this.manifests.keep(digest, content);
    const { clock, proofSeconds, staleSeconds } = this.#settings;
    this.proofs.keepFor(proofSeconds + staleSeconds, this.#proofKey(access, digest), { until: clock.now() + proofSeconds * 1000 });
  }

  #proofKey(access: Access, digest: Digest): string {
    return `${this.#scopes.keyOf(access)} ${digest}`;
  }
}

// Its patience grows with every caller that joins, so it is asked for when it is needed.
function bounded(own: Call, maxBytes: number | undefined): Call {
  if (maxBytes === undefined) return own;
  return {
    deadline: own.deadline,
    signal: own.signal,
    maxBytes,
    get patience() {
      return own.patience ?? own.deadline;
    },
  };
}
