import { type Caches, createCaches } from "../adapters/cache/caches.ts";
import { RegistryClient } from "../adapters/registry/registry-client.ts";
import type { RegistryEnvironment } from "../adapters/registry/settings.ts";
import type { Config } from "../config.ts";
import { matchesGlob } from "../image/glob.ts";
import { Gatherer } from "../inspection/gather.ts";
import { Inspector } from "../inspection/inspect.ts";
import type { Keyring } from "../inspection/keyring.ts";

/** Milliseconds that one look-up of all its callers together may take, whatever time each of them has. */
const LOOKUP_MS = 15_000;

export interface Inspection {
  readonly inspector: Inspector;
  readonly cacheBytes: Caches["bytes"];
  close(): Promise<void>;
}

/** Puts the inspector over the caches, and these over the registry client. */
export function composeInspection(
  config: Config,
  environment: RegistryEnvironment,
  installation: Keyring,
  observer: Parameters<typeof createCaches>[2],
): Inspection {
  const client = new RegistryClient(environment);
  const settings = { ...config.cache, lookupMs: LOOKUP_MS, clock: environment.clock };
  const caches = createCaches(client, (registry) => new Gatherer(registry), observer, settings);
  const inspector = new Inspector(caches.registry, caches.locator, {
    installation,
    isSigningRepository: (reference) => config.signed.repositories.some((glob) => matchesGlob(glob, reference)),
    platforms: config.platforms,
  });
  return { inspector, cacheBytes: caches.bytes, close: () => client.close() };
}
