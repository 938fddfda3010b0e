import type { Clock, Locator, Registry } from "../../inspection/ports.ts";
import { ContentCache } from "./content-cache.ts";
import { CredentialScopes } from "./scope.ts";
import { type InspectionObserver, SignatureCache } from "./signature-cache.ts";
import type { CacheName, CacheObserver } from "./store.ts";
import { TagCache } from "./tag-cache.ts";

export interface CacheSettings {
  readonly tagSeconds: number;
  readonly foundSeconds: number;
  readonly absentSeconds: number;
  /** Of all caches together. */
  readonly maxBytes: number;
  /** Milliseconds that one shared look-up may take. */
  readonly lookupMs: number;
}

/** The inspection's ports, cached, and how many bytes each cache holds. */
export interface Caches {
  readonly registry: Registry;
  readonly locator: Locator;
  readonly bytes: () => ReadonlyMap<CacheName, number>;
}

const PROOF_SECONDS = 600;

/**
 * Puts the caches in front of a registry. `locatorOver` builds the uncached locator over the registry that it is handed,
 * which keeps content by digest and no tag.
 */
export function createCaches(
  registry: Registry,
  locatorOver: (registry: Registry) => Locator,
  observer: CacheObserver & InspectionObserver,
  settings: CacheSettings & { readonly clock: Clock },
): Caches {
  const scopes = new CredentialScopes();
  const { maxBytes } = settings;
  const content = new ContentCache(registry, scopes, observer, {
    ...settings,
    contentBytes: maxBytes * 0.5,
    proofBytes: maxBytes * 0.1,
    proofSeconds: PROOF_SECONDS,
  });
  const tags = new TagCache(content, scopes, observer, { ...settings, maxBytes: maxBytes * 0.1 });
  const signatures = new SignatureCache(locatorOver(content), scopes, observer, { ...settings, maxBytes: maxBytes * 0.3 });
  const stores = [tags.known, content.proofs, content.manifests, signatures.lists];
  return { registry: tags, locator: signatures, bytes: () => new Map(stores.map((store) => [store.name, store.bytes])) };
}
