// What the image says of itself.
import { VERSION } from "../../src/version.ts";
import { CONTAINER } from "./container.ts";
import type { Layer } from "./layer.ts";
import type { Platform } from "./platform.ts";
import { type Source, timeText } from "./source.ts";

export const LABELS = {
  "org.opencontainers.image.title": "pratique",
  "org.opencontainers.image.description": "A Kubernetes admission webhook that enforces signed images",
  "org.opencontainers.image.licenses": "Apache-2.0",
  "org.opencontainers.image.version": VERSION,
} as const;

/** The labels of the configuration, and the annotations of manifests and index. */
export function labelsOf({ revision, created }: Source): Readonly<Record<string, string>> {
  return {
    ...LABELS,
    "org.opencontainers.image.created": timeText(created),
    ...(revision === undefined ? {} : { "org.opencontainers.image.revision": revision }),
  };
}

/** The image's configuration (OCI image specification, config.md). */
export function imageConfig(platform: Platform, layers: readonly Layer[], source: Source): object {
  const created = timeText(source.created);
  return {
    created,
    architecture: platform.architecture,
    os: "linux",
    config: { ...CONTAINER, Labels: labelsOf(source) },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: "npm run image", comment: title })),
  };
}
