import { type Caches, createCaches } from "../adapters/cache/caches.ts";
import { RegistryClient } from "../adapters/registry/registry-client.ts";
import type { RegistryEnvironment } from "../adapters/registry/settings.ts";
import type { Config } from "../config.ts";
import { matchesGlob } from "../image/glob.ts";
import type { Repository } from "../image/reference.ts";
import { Gatherer } from "../inspection/gather.ts";
import { HarborLocator, type HarborParts } from "../inspection/harbor-locator.ts";
import { Inspector, type InspectorPorts } from "../inspection/inspect.ts";
import { MirroredImages } from "../inspection/mirrored-images.ts";
import { MirroredLocator } from "../inspection/mirrored-locator.ts";
import type { MirrorSettings } from "../inspection/mirrors.ts";
import { RecentBytes } from "../inspection/recent-bytes.ts";
import type { InstallationCredentials, Locator, Policies, Registry, SourceCredentials } from "../inspection/ports.ts";
import { verifyDocument } from "../verify/verify.ts";
import { mirroringBy } from "./mirrors.ts";
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
  readonly installation: InstallationCredentials;
  readonly policies: Policies;
  readonly sourceCredentials: SourceCredentials;
  readonly observer: Parameters<typeof createCaches>[1];
}

/** Puts the inspector over the caches, and these over the registry client. */
export function composeInspection({ config, environment, installation, policies, sourceCredentials, observer }: InspectionParts): Inspection {
  const client = new RegistryClient(environment);
  const settings = { ...config.cache, lookupMs: LOOKUP_MS, clock: environment.clock };
  const heavy = new RecentBytes(environment.clock, HEAVY_BYTES, LOOKUP_MS);
  const locatorOver = locatorBy(config, { lists: client, clock: environment.clock, shared: heavy });
  const caches = createCaches({ registry: client, locatorOver, verify: verifyDocument }, observer, settings);
  const signatureRepositories = new Map(config.registries.map((registry) => [registry.host, registry.signatureRepository]));
  const places = mirrored(caches, config, { credentials: installation, clock: environment.clock });
  const turns = new EventLoopTurns(environment.clock);
  const inspector = new Inspector({ ...places, verifications: caches.verifications, policies, sourceCredentials, turns }, {
    installation,
    isSigningRepository: (reference) => config.signed.repositories.some((glob) => matchesGlob(glob, reference)),
    signatureRepository: ({ host }) => signatureRepositories.get(host),
    platforms: config.platforms,
  });
  return { inspector, cacheBytes: caches.bytes, close: () => client.close() };
}

// Over the caches, so that what each place has said is kept under its own name.
function mirrored({ registry, locator }: Caches, config: Config, parts: Omit<MirrorSettings, "mirroringOf">): Pick<InspectorPorts, "registry" | "locator"> {
  const settings = { ...parts, mirroringOf: mirroringBy(config) };
  const areMirrors = config.registries.some(({ mirrors }) => mirrors.length > 0);
  return areMirrors ? { registry: new MirroredImages(registry, settings), locator: new MirroredLocator(locator, settings) } : { registry, locator };
}

function locatorBy({ registries }: Config, parts: Pick<HarborParts, "lists" | "clock" | "shared">): (registry: Registry) => Locator {
  const harbors = new Set(registries.filter(({ kind }) => kind === "harbor").map(({ host }) => host));
  const isHarbor = ({ host }: Repository): boolean => harbors.has(host);
  return (registry) => new HarborLocator({ ...parts, locator: new Gatherer(registry, parts.shared), registry, isHarbor });
}
