import type { Digest } from "../../image/digest.ts";
import type { Descriptor, Manifest } from "../../image/manifest.ts";
import type { Repository, Target } from "../../image/reference.ts";
import type { Access, Call, Clock, Referrers, Registry } from "../../inspection/ports.ts";
import { RefusedError } from "../../verdict/failure.ts";
import type { CredentialScopes } from "./scope.ts";
import { type CacheObserver, Store } from "./store.ts";

export interface TagCacheSettings {
  readonly maxBytes: number;
  /** Seconds that a tag's digest is believed; 0 asks each time. */
  readonly tagSeconds: number;
  /** Seconds that "there is no such manifest" and "the registry refuses it" are believed. */
  readonly absentSeconds: number;
}

type Known = { readonly kind: "digest"; readonly digest: Digest } | { readonly kind: "refused"; readonly error: RefusedError };

/**
 * Remembers for a few seconds which digest a tag named, and which images a registry does not have. For the images that
 * are judged alone: a signature's own tag must not be remembered here, or a refusal could rest on an old list.
 */
export class TagCache implements Registry {
  readonly #inner: Registry;
  readonly #scopes: CredentialScopes;
  readonly #observer: CacheObserver;
  readonly #settings: TagCacheSettings;
  readonly known: Store<Known>;

  constructor(inner: Registry, scopes: CredentialScopes, observer: CacheObserver, settings: TagCacheSettings & { readonly clock: Clock }) {
    this.#inner = inner;
    this.#scopes = scopes;
    this.#observer = observer;
    this.#settings = settings;
    this.known = new Store("tags", settings.maxBytes, settings.clock);
  }

  refuseForbidden(repository: Repository): void {
    this.#inner.refuseForbidden(repository);
  }

  remembers(access: Access, target: Target): boolean {
    if (target.kind === "digest") return this.#inner.remembers(access, target);
    return this.known.get(this.#keyOf(access, target))?.kind === "digest";
  }

  async fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest> {
    const key = this.#keyOf(access, target);
    const known = this.known.get(key);
    if (target.kind === "tag") this.#observer.lookup("tags", known === undefined ? "miss" : "hit");
    if (known?.kind === "refused") throw known.error;
    if (known?.kind === "digest") return this.#inner.fetchManifest(access, { kind: "digest", digest: known.digest, tag: undefined }, call);
    try {
      const manifest = await this.#inner.fetchManifest(access, target, call);
      if (target.kind === "tag") this.known.keepFor(this.#settings.tagSeconds, key, { kind: "digest", digest: manifest.digest });
      return manifest;
    } catch (error) {
      if (error instanceof RefusedError && isBriefAnswer(error)) {
        this.known.keepFor(this.#settings.absentSeconds, key, { kind: "refused", error });
      }
      throw error;
    }
  }

  fetchBlob(access: Access, descriptor: Descriptor, maxBytes: number, call: Call): Promise<Uint8Array> {
    return this.#inner.fetchBlob(access, descriptor, maxBytes, call);
  }

  listReferrers(access: Access, subject: Digest, call: Call): Promise<Referrers> {
    return this.#inner.listReferrers(access, subject, call);
  }

  #keyOf(access: Access, target: Target): string {
    return `${this.#scopes.keyOf(access)} ${target.kind === "digest" ? target.digest : target.tag}`;
  }
}

function isBriefAnswer(error: RefusedError): boolean {
  return error.code === "ImageNotFound" || error.code === "BlockedByRegistry";
}
