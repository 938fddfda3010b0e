import type { Digest } from "../image/digest.ts";
import { contentOf, type PlatformManifest } from "../image/index.ts";
import type { ImageIndex, Manifest } from "../image/manifest.ts";
import type { Platform } from "../image/platform.ts";
import { RefusedError } from "../verdict/failure.ts";
import type { ImageTree } from "../verdict/index-rule.ts";

const MAX_PLATFORMS = 32;

/**
 * The platform manifests of an image that a filter leaves, two levels of indexes deep. Only nested indexes are fetched:
 * a platform's own manifest need not be in the registry, it is judged by its signatures. Throws RefusedError: NoPlatform,
 * TooLarge, and whatever `fetchIndex` throws.
 */
export async function treeOf(
  manifest: Manifest,
  filter: readonly Platform[],
  fetchIndex: (digest: Digest) => Promise<ImageIndex>,
): Promise<ImageTree> {
  if (manifest.kind === "manifest") return { kind: "manifest", digest: manifest.digest };
  const outer = contentOf(manifest, [], filter);
  refuseCount(outer.nested.length + outer.platforms.length);
  const nested = await Promise.all(outer.nested.map(fetchIndex));
  const inner = nested.map((index) => contentOf(index, [manifest.digest], filter));
  if (inner.some((content) => content.nested.length > 0)) throw new RefusedError("TooLarge", "the index holds indexes more than two levels deep");
  return { kind: "index", digest: manifest.digest, platforms: counted([...outer.platforms, ...inner.flatMap((content) => content.platforms)]) };
}

function counted(platforms: readonly PlatformManifest[]): readonly PlatformManifest[] {
  refuseCount(platforms.length);
  if (platforms.length > 0) return platforms;
  throw new RefusedError("NoPlatform", "the index holds no platform manifest to judge");
}

function refuseCount(count: number): void {
  if (count > MAX_PLATFORMS) throw new RefusedError("TooLarge", `the index holds ${count} manifests; at most ${MAX_PLATFORMS} are judged`);
}
