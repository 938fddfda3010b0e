// Tiny images and indexes as OCI layouts on disk. Equal names have equal bytes, wherever they are pushed.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { computeDigest, type Digest, hexOf } from "../../src/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";

/** What an image consists of, to the last byte. */
export interface Content {
  readonly digest: Digest;
  /** By platform (`linux/arm64`); empty for an image that is no index. */
  readonly platforms: ReadonlyMap<string, Digest>;
  /** Everything that a layout's `blobs` folder holds. */
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  readonly mediaType: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
/** A tar archive with nothing in it. */
const EMPTY_TAR = Buffer.alloc(1024);

/** An image of one platform; another name makes another image. */
export function image(name: string, architecture = "amd64"): Content {
  const blobs = new Map<Digest, Buffer>();
  const layer = add(blobs, LAYER, EMPTY_TAR);
  const config = add(blobs, CONFIG, {
    os: "linux",
    architecture,
    config: { Labels: { name } },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const { digest } = add(blobs, OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] });
  return { digest, platforms: new Map(), blobs, mediaType: OCI_MANIFEST };
}

/** An index with one image for each architecture; `unknown` makes what BuildKit's attestations look like. */
export function index(name: string, architectures: readonly string[]): Content {
  const blobs = new Map<Digest, Buffer>();
  const platforms = new Map<string, Digest>();
  const manifests = architectures.map((architecture): Descriptor => {
    const child = image(name, architecture);
    for (const [digest, bytes] of child.blobs) blobs.set(digest, bytes);
    const os = architecture === "unknown" ? "unknown" : "linux";
    platforms.set(`${os}/${architecture}`, child.digest);
    return { mediaType: OCI_MANIFEST, digest: child.digest, size: child.blobs.get(child.digest)?.length ?? 0, platform: { os, architecture } };
  });
  const { digest } = add(blobs, OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  return { digest, platforms, blobs, mediaType: OCI_INDEX };
}

/** Writes an OCI layout that crane can push. */
export async function writeLayout(folder: string, content: Content): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  for (const [digest, bytes] of content.blobs) await writeFile(join(blobs, hexOf(digest)), bytes);
  const size = content.blobs.get(content.digest)?.length;
  const manifests = [{ mediaType: content.mediaType, digest: content.digest, size }];
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

function add(blobs: Map<Digest, Buffer>, mediaType: string, document: unknown): Descriptor {
  const bytes = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
  const digest = computeDigest("sha256", bytes);
  blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}
