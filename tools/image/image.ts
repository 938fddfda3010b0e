// The image of one platform (OCI image specification, manifest.md).
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { type Blob, blobOf, type Descriptor, jsonBlob } from "./blob.ts";
import type { Announce } from "./cache.ts";
import { imageConfig, labelsOf } from "./config.ts";
import { contentsFor } from "./contents.ts";
import { makeLayer } from "./layer.ts";
import { type Platform, platformName } from "./platform.ts";
import { sbomOf } from "./sbom.ts";
import type { Source } from "./source.ts";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface PlatformImage {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** The manifest, and everything that it names. */
  readonly blobs: readonly Blob[];
  /** The list of its contents, as SPDX. */
  readonly sbom: object;
}

export async function makeImage(platform: Platform, source: Source, announce: Announce): Promise<PlatformImage> {
  const contents = await contentsFor(platform, announce);
  announce(`compressing ${platformName(platform)}`);
  const layers = await Promise.all(contents.parts.map(({ title, tree }) => makeLayer(title, tree)));
  const layerBlobs = layers.map(({ bytes }) => blobOf(LAYER, bytes));
  const config = jsonBlob(CONFIG, imageConfig(platform, layers, source));
  const manifest = jsonBlob(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: config.descriptor,
    layers: layerBlobs.map(({ descriptor }) => descriptor),
    annotations: labelsOf(source),
  });
  return {
    platform,
    manifest: manifest.descriptor,
    blobs: [manifest, config, ...layerBlobs],
    sbom: sbomOf(contents, manifest.descriptor, source),
  };
}
