import type { Digest } from "./digest.ts";
import type { Descriptor, ImageIndex } from "./manifest.ts";
import { documentKindOf } from "./media-type.ts";
import { coversPlatform, isBuildAttestation, type Platform, platformName } from "./platform.ts";

/** Which parts of a multi-platform image must be signed. */
export const INDEX_RULES = ["both", "covered", "index", "children"] as const;
export type IndexRule = (typeof INDEX_RULES)[number];

/** A platform's manifest in an index, with the digests of the indexes on the way to it, the outermost first. */
export interface PlatformManifest {
  readonly platform: string;
  readonly digest: Digest;
  readonly path: readonly Digest[];
}

/** What one index holds: manifests to judge, and indexes whose own bytes must be read first. */
export interface IndexContent {
  readonly platforms: readonly PlatformManifest[];
  readonly nested: readonly Digest[];
}

/**
 * The platform manifests of an index that a filter leaves. A descriptor whose platform is exactly `unknown/unknown` is
 * a build attestation and no platform; annotations never decide that. A missing platform counts as one, and no filter
 * takes it out: a node may well run it. An empty filter leaves every platform.
 */
export function contentOf(index: ImageIndex, path: readonly Digest[], filter: readonly Platform[]): IndexContent {
  const platforms = new Map<string, PlatformManifest>();
  const nested = new Set<Digest>();
  const here = [...path, index.digest];
  for (const descriptor of index.manifests) {
    if (isBuildAttestation(descriptor.platform) || !passesFilter(descriptor, filter)) continue;
    if (documentKindOf(descriptor.mediaType) === "index") nested.add(descriptor.digest);
    else {
      const platform = platformName(descriptor.platform);
      platforms.set(`${platform} ${descriptor.digest}`, { platform, digest: descriptor.digest, path: here });
    }
  }
  return { platforms: [...platforms.values()], nested: [...nested] };
}

function passesFilter(descriptor: Descriptor, filter: readonly Platform[]): boolean {
  const { platform } = descriptor;
  return filter.length === 0 || platform === undefined || filter.some((entry) => coversPlatform(entry, platform));
}
