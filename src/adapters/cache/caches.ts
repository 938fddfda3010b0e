import type { Clock, Locator, Registry, Verifications } from "../../inspection/ports.ts";
import type { Verify } from "../../verify/verify.ts";
import { ContentCache } from "./content-cache.ts";
import { CredentialScopes } from "./scope.ts";
import { type InspectionObserver, SignatureCache } from "./signature-cache.ts";
import type { CacheName, CacheObserver } from "./store.ts";
import { TagCache } from "./tag-cache.ts";
import { VerificationCache } from "./verification-cache.ts";

export interface CacheSettings {
  readonly tagSeconds: number;
  readonly foundSeconds: number;
  readonly absentSeconds: number;
  /** Of all caches together. */
  readonly maxBytes: number;
  /** Milliseconds that one shared look-up may take. */
  readonly lookupMs: number;
}

/** What the caches are put before. */
export interface Uncached {
  readonly registry: Registry;
  /** Builds the locator over the registry that it is handed, which keeps content by digest and no tag. */
  readonly locatorOver: (registry: Registry) => Locator;
  readonly verify: Verify;
}

/** The inspection's ports, cached, and how many bytes each cache holds. */
export interface Caches {
  readonly registry: Registry;
  readonly locator: Locator;
  readonly verifications: Verifications;
  readonly bytes: () => ReadonlyMap<CacheName, number>;
}

const PROOF_SECONDS = 600;

/** Puts the caches in front of a registry and of the verification of signatures. */
export function createCaches({ registry, locatorOver, verify }: Uncached, observer: CacheObserver & InspectionObserver, settings: CacheSettings & { readonly clock: Clock }): Caches {
  const scopes = new CredentialScopes();
  const { maxBytes } = settings;
  const content = new ContentCache(registry, scopes, observer, {
    ...settings,
    contentBytes: maxBytes * 0.5,
    proofBytes: maxBytes * 0.1,
    proofSeconds: PROOF_SECONDS,
  });
  const tags = new TagCache(content, scopes, observer, { ...settings, maxBytes: maxBytes * 0.1 });
  const signatures = new SignatureCache(locatorOver(content), scopes, observer, { ...settings, maxBytes: maxBytes * 0.25 });
  const verifications = new VerificationCache(verify, observer, { ...settings, maxBytes: maxBytes * 0.05 });
  const stores = [tags.known, content.proofs, content.manifests, signatures.lists, verifications.known];
  return { registry: tags, locator: signatures, verifications, bytes: () => new Map(stores.map((store) => [store.name, store.bytes])) };
}
