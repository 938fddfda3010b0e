// What is published of one commit: an index of the images of all platforms, and for each image its SBOM as a referrer.
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { VERSION } from "../../src/version.ts";
import { type Blob, blobOf, type Descriptor, jsonBlob } from "./blob.ts";
import type { Announce } from "./cache.ts";
import { labelsOf } from "./config.ts";
import { makeImage, type PlatformImage } from "./image.ts";
import type { Layout } from "./layout.ts";
import { PLATFORMS } from "./platform.ts";
import { readSource, type Source } from "./source.ts";

export interface Release {
  readonly source: Source;
  readonly images: readonly PlatformImage[];
  readonly index: Layout;
  readonly sboms: readonly Sbom[];
}

export interface Sbom {
  readonly architecture: string;
  /** The name of the file that it is on its own. */
  readonly file: string;
  readonly bytes: Buffer;
  /** The manifest by which a registry knows it as the image's. */
  readonly layout: Layout;
}

const EMPTY = "application/vnd.oci.empty.v1+json";
const SPDX = "application/spdx+json";

export async function makeRelease(announce: Announce): Promise<Release> {
  const source = await readSource();
  const images: PlatformImage[] = [];
  // One after another: each takes some 400 MB of memory.
  for (const platform of PLATFORMS) images.push(await makeImage(platform, source, announce));
  return { source, images, index: indexOf(images, source), sboms: images.map(referrerOf) };
}

/** OCI image specification, image-index.md. */
function indexOf(images: readonly PlatformImage[], source: Source): Layout {
  const index = jsonBlob(OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: images.map(entryOf),
    annotations: labelsOf(source),
  });
  // What `podman load` and `skopeo` call it.
  const entry = { ...index.descriptor, annotations: { "org.opencontainers.image.ref.name": VERSION } };
  return { entry, blobs: [index, ...unique(images.flatMap(({ blobs }) => blobs))] };
}

function entryOf({ manifest, platform }: PlatformImage): Descriptor {
  return { ...manifest, platform: { architecture: platform.architecture, os: "linux" } };
}

// OCI image specification, manifest.md, "Guidelines for Artifact Usage".
function referrerOf({ manifest: subject, platform, sbom }: PlatformImage): Sbom {
  const file = `pratique-${VERSION}-linux-${platform.architecture}.spdx.json`;
  const document = blobOf(SPDX, Buffer.from(`${JSON.stringify(sbom, undefined, 2)}\n`));
  const config = blobOf(EMPTY, Buffer.from("{}"));
  const manifest = jsonBlob(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: SPDX,
    config: config.descriptor,
    layers: [{ ...document.descriptor, annotations: { "org.opencontainers.image.title": file } }],
    subject,
  });
  const layout = { entry: { ...manifest.descriptor, artifactType: SPDX }, blobs: [manifest, config, document] };
  return { architecture: platform.architecture, file, bytes: document.bytes, layout };
}

// The platforms share the layer of the program.
function unique(blobs: readonly Blob[]): readonly Blob[] {
  return [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()];
}
