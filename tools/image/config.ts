// How the container is started, and what the image says of itself. `deploy/Dockerfile` says the same; a test compares them.
import { VERSION } from "../../src/version.ts";
import { USER } from "./accounts.ts";
import type { Layer } from "./layer.ts";
import { NODE } from "./node.ts";
import type { Platform } from "./platform.ts";
import { PROGRAM } from "./program.ts";
import { type Source, timeText } from "./source.ts";

// What a review leaves behind is short-lived: a young generation that may grow with the machine's memory holds a hundred MiB of
// it, for nothing.
export const NODE_FLAGS = ["--max-semi-space-size=8"] as const;

export const CONTAINER = {
  User: `${USER}:${USER}`,
  Env: [
    "PATH=/usr/local/bin:/nodejs/bin",
    // Without it Node asks /etc/passwd, which does not know the user that OpenShift gives a Pod.
    "HOME=/",
  ],
  Entrypoint: [`/${NODE}`, ...NODE_FLAGS, `/${PROGRAM}`],
  Cmd: ["serve"],
  WorkingDir: "/",
  ExposedPorts: { "8443/tcp": {}, "9090/tcp": {} },
  StopSignal: "SIGTERM",
} as const;

const LABELS = {
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
