import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { parsePlatform, type Platform } from "../../src/image/platform.ts";
import type { RegistryDouble } from "./registry-double.ts";

/** A manifest or index in the form in which it is pushed. */
export interface Artifact {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** Config and layers. */
  readonly blobs: readonly Uint8Array[];
}

/** Whose media types a manifest has. */
export type Dialect = "oci" | "docker";

export interface ImageOptions {
  /** Images with different seeds have different digests; `image` when absent. */
  readonly seed?: string;
  /** `linux/amd64` when absent. */
  readonly platform?: string;
  readonly dialect?: Dialect;
}

/** One entry of an index. `platform` is `linux/arm64`, or null for an entry that does not say. */
export interface IndexEntry {
  readonly image: Artifact;
  readonly platform: string | null;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest's JSON before it is written. */
export interface Document {
  readonly mediaType: string;
  readonly [key: string]: unknown;
}

const CREATED = "0001-01-01T00:00:00Z";

const TYPES = {
  oci: {
    index: OCI_INDEX,
    manifest: OCI_MANIFEST,
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: DOCKER_LIST,
    manifest: DOCKER_MANIFEST,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

/** The smallest image that a registry takes: one config, one layer. */
export function imageManifest({ seed = "image", platform = "linux/amd64", dialect = "oci" }: ImageOptions = {}): Artifact {
  const layer = Buffer.from(`layer of ${seed}`);
  const { os, architecture, variant } = readPlatform(platform);
  const config = jsonBytes({
    architecture,
    created: CREATED,
    history: [{ created: CREATED }],
    os,
    ...(variant === undefined ? {} : { variant }),
    rootfs: { type: "layers", diff_ids: [computeDigest("sha256", layer)] },
    config: {},
  });
  const types = TYPES[dialect];
  return artifact([config, layer], {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(types.config, config),
    layers: [describe(types.layer, layer)],
  });
}

/** An index over images, attestations or further indexes. */
export function imageIndex(entries: readonly IndexEntry[], dialect: Dialect = "oci"): Artifact {
  return artifact([], {
    schemaVersion: 2,
    mediaType: TYPES[dialect].index,
    manifests: entries.map(({ image, platform, annotations }) => {
      const descriptor = describe(image.mediaType, image.bytes);
      return Object.assign(descriptor, platform === null ? {} : { platform: writePlatform(platform) }, annotations && { annotations });
    }),
  });
}

/** What BuildKit puts beside an image in an index: in-toto statements under the platform `unknown/unknown`. */
export function buildAttestation(image: Artifact): IndexEntry {
  const statement = jsonBytes({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://slsa.dev/provenance/v0.2",
    subject: [{ name: "image", digest: { sha256: image.digest.slice("sha256:".length) } }],
    predicate: {},
  });
  const rootfs = { type: "layers", diff_ids: [computeDigest("sha256", statement)] };
  const config = jsonBytes({ architecture: "unknown", os: "unknown", config: {}, rootfs });
  const manifest = artifact([config, statement], {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(TYPES.oci.config, config),
    layers: [{ ...describe("application/vnd.in-toto+json", statement), annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" } }],
  });
  const annotations = { "vnd.docker.reference.digest": image.digest, "vnd.docker.reference.type": "attestation-manifest" };
  return { image: manifest, platform: "unknown/unknown", annotations };
}

export function push(registry: RegistryDouble, repository: string, image: Artifact, tag?: string): Digest {
  for (const blob of image.blobs) registry.pushBlob(repository, blob);
  return registry.push(repository, image.bytes, image.mediaType, tag);
}

/** Pushes an index with everything that it names; `children` are the digests of its entries, in order. */
export function pushIndex(registry: RegistryDouble, repository: string, entries: readonly IndexEntry[], tag?: string): { index: Digest; children: Digest[] } {
  const children = entries.map(({ image }) => push(registry, repository, image));
  return { index: push(registry, repository, imageIndex(entries), tag), children };
}

/** An artifact over any document: also one that no honest tool would write. */
export function artifact(blobs: readonly Uint8Array[], document: Document): Artifact {
  const bytes = jsonBytes(document);
  return { mediaType: document.mediaType, bytes, digest: computeDigest("sha256", bytes), blobs };
}

/** JSON as Go's tools write it: no spaces, keys in the order given. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function describe(mediaType: string, bytes: Uint8Array): { mediaType: string; size: number; digest: Digest } {
  return { mediaType, size: bytes.length, digest: computeDigest("sha256", bytes) };
}

// crane's order of the keys.
function writePlatform(text: string): object {
  const { os, architecture, variant } = readPlatform(text);
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function readPlatform(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform === undefined) throw new TypeError(`not os/architecture: ${text}`);
  return platform;
}
