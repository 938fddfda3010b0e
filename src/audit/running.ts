import type { ContainerKind, ImageUse } from "../admission/workload.ts";
import { type Digest, parseDigest } from "../image/digest.ts";
import { arrayField, isObject, type JsonObject, objectField, stringField } from "../json.ts";

/** What the container runtime says that a container's image really is. */
export interface RunningImage {
  /** As the Pod names it. */
  readonly image: string;
  readonly digest: Digest;
}

/** Where the states of each kind of container are. The API server tells no digest of an image volume. */
const STATUS_LISTS: Readonly<Partial<Record<ContainerKind, string>>> = {
  "init container": "initContainerStatuses",
  container: "containerStatuses",
  "ephemeral container": "ephemeralContainerStatuses",
};

/** The images of a Pod that run, as far as its status names them by a digest that a registry knows. */
export function runningImages(pod: JsonObject, uses: readonly ImageUse[]): readonly RunningImage[] {
  const status = objectField(pod, "status") ?? {};
  return uses.flatMap(({ kind, name, image }) => {
    const list = STATUS_LISTS[kind];
    const states = list === undefined ? [] : (arrayField(status, list) ?? []);
    const state = states.find((each) => isObject(each) && stringField(each, "name") === name);
    const digest = isObject(state) ? digestOfImageId(stringField(state, "imageID") ?? "") : undefined;
    return digest === undefined ? [] : [{ image, digest }];
  });
}

/**
 * The digest in a container status' `imageID`: `repository@sha256:...`, with `docker-pullable://` before it where Docker
 * runs. A bare `sha256:...` is the runtime's own id of a configuration, which no registry can be asked about.
 */
export function digestOfImageId(text: string): Digest | undefined {
  const at = text.lastIndexOf("@");
  return at <= 0 ? undefined : parseDigest(text.slice(at + 1));
}
