import { type Caches, createCaches } from "../adapters/cache/caches.ts";
import { RegistryClient } from "../adapters/registry/registry-client.ts";
import type { RegistryEnvironment } from "../adapters/registry/settings.ts";
import type { Config } from "../config.ts";
import { matchesGlob } from "../image/glob.ts";
import { Gatherer } from "../inspection/gather.ts";
import { RecentBytes } from "../inspection/recent-bytes.ts";
import { Inspector } from "../inspection/inspect.ts";
import type { Keyring } from "../inspection/keyring.ts";
import type { Policies, SourceCredentials } from "../inspection/ports.ts";
import { verifyDocument } from "../verify/verify.ts";
import { EventLoopTurns } from "./turns.ts";

/** Milliseconds that one look-up of all its callers together may take, whatever time each of them has. */
const LOOKUP_MS = 15_000;
/** Bytes of heavy accessories that are read within that time. Those of a review that is being judged are among them. */
const HEAVY_BYTES = 24 * 1024 * 1024;

export interface Inspection {
  readonly inspector: Inspector;
  readonly cacheBytes: Caches["bytes"];
  close(): Promise<void>;
}

/** What the inspection is put together from. */
export interface InspectionParts {
  readonly config: Config;
  readonly environment: RegistryEnvironment;
  readonly installation: Keyring;
  readonly policies: Policies;
  readonly sourceCredentials: SourceCredentials;
  readonly observer: Parameters<typeof createCaches>[1];
}

/** Puts the inspector over the caches, and these over the registry client. */
export function composeInspection({ config, environment, installation, policies, sourceCredentials, observer }: InspectionParts): Inspection {
  const client = new RegistryClient(environment);
  const settings = { ...config.cache, lookupMs: LOOKUP_MS, clock: environment.clock };
  const heavy = new RecentBytes(environment.clock, HEAVY_BYTES, LOOKUP_MS);
  const caches = createCaches({ registry: client, locatorOver: (registry) => new Gatherer(registry, heavy), verify: verifyDocument }, observer, settings);
  const inspector = new Inspector({ ...caches, policies, sourceCredentials, turns: new EventLoopTurns(environment.clock) }, {
    installation,
    isSigningRepository: (reference) => config.signed.repositories.some((glob) => matchesGlob(glob, reference)),
    platforms: config.platforms,
  });
  return { inspector, cacheBytes: caches.bytes, close: () => client.close() };
}
