import { CodedError } from "../errors.ts";
import { type JsonObject, field, isObject, stringField } from "../json.ts";
import type { Resource } from "./review.ts";

/** The places in a Pod spec that name an image, as a person calls them. */
export type ContainerKind = "init container" | "container" | "ephemeral container" | "image volume";

/** One image-bearing field. */
export interface ImageUse {
  readonly kind: ContainerKind;
  /** Of the container or volume. */
  readonly name: string;
  /** As it was written; empty when there is none. */
  readonly image: string;
  /** `spec.template.spec.containers[0].image`. */
  readonly field: string;
}

/** Any object with a Pod spec. */
export interface Workload {
  /** In field order: init containers, containers, ephemeral containers, image volumes. */
  readonly uses: readonly ImageUse[];
  readonly pullSecrets: readonly string[];
  readonly serviceAccount: string;
}

export type DecodedWorkload =
  | { readonly kind: "workload"; readonly workload: Workload }
  | { readonly kind: "malformed"; readonly field: string; readonly message: string };

/** Pods are the gate; everything else makes Pods out of a template. */
export interface WorkloadResource {
  readonly kind: "pod" | "template";
  readonly objectKind: string;
  /** Where its Pod spec is. */
  readonly path: readonly string[];
}

export const POD: WorkloadResource = { kind: "pod", objectKind: "Pod", path: ["spec"] };

const TEMPLATE = ["spec", "template", "spec"];

/** Every resource that is judged, by `group/version/resource`; the core group is empty. */
export const WORKLOAD_RESOURCES: ReadonlyMap<string, WorkloadResource> = new Map([
  ["/v1/pods", POD],
  ["/v1/podtemplates", { kind: "template", objectKind: "PodTemplate", path: ["template", "spec"] }],
  ["/v1/replicationcontrollers", { kind: "template", objectKind: "ReplicationController", path: TEMPLATE }],
  ["apps/v1/replicasets", { kind: "template", objectKind: "ReplicaSet", path: TEMPLATE }],
  ["apps/v1/deployments", { kind: "template", objectKind: "Deployment", path: TEMPLATE }],
  ["apps/v1/statefulsets", { kind: "template", objectKind: "StatefulSet", path: TEMPLATE }],
  ["apps/v1/daemonsets", { kind: "template", objectKind: "DaemonSet", path: TEMPLATE }],
  ["batch/v1/jobs", { kind: "template", objectKind: "Job", path: TEMPLATE }],
  ["batch/v1/cronjobs", { kind: "template", objectKind: "CronJob", path: ["spec", "jobTemplate", ...TEMPLATE] }],
]);

/** Undefined for a resource, or a version of one, that is not judged. */
export function workloadResource({ group, version, resource }: Resource): WorkloadResource | undefined {
  return WORKLOAD_RESOURCES.get(`${group}/${version}/${resource}`);
}

/** Decodes an object of that resource. A shape that Kubernetes itself would not accept is malformed, never empty. */
export function decodeWorkload(resource: WorkloadResource, object: unknown): DecodedWorkload {
  try {
    const spec = podSpecOf(resource, object);
    const path = resource.path.join(".");
    const workload: Workload = {
      uses: [...visitImages(spec, path)],
      pullSecrets: pullSecretsOf(spec, path),
      serviceAccount: textAt(spec, "serviceAccountName", path) || "default",
    };
    return { kind: "workload", workload };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { kind: "malformed", field: error.field, message: error.message };
  }
}

class ShapeError extends CodedError<"Missing" | "WrongType"> {
  readonly field: string;

  constructor(code: "Missing" | "WrongType", field: string, message: string) {
    super(code, message);
    this.field = field;
  }
}

const CONTAINER_LISTS: readonly (readonly [string, ContainerKind])[] = [
  ["initContainers", "init container"],
  ["containers", "container"],
  ["ephemeralContainers", "ephemeral container"],
];

// The one place that knows which fields of a Pod spec name an image.
function* visitImages(spec: JsonObject, path: string): Generator<ImageUse> {
  if (listAt(spec, "containers", path).length === 0) {
    throw new ShapeError("Missing", `${path}.containers`, "there are no containers");
  }
  for (const [list, kind] of CONTAINER_LISTS) {
    for (const [container, at] of objectsAt(spec, list, path)) {
      yield { kind, name: textAt(container, "name", at), image: textAt(container, "image", at), field: `${at}.image` };
    }
  }
  for (const [volume, at] of objectsAt(spec, "volumes", path)) {
    const source = field(volume, "image") ?? undefined;
    if (source === undefined) continue;
    const image = textAt(objectOf(source, `${at}.image`), "reference", `${at}.image`);
    yield { kind: "image volume", name: textAt(volume, "name", at), image, field: `${at}.image.reference` };
  }
}

function podSpecOf({ objectKind, path }: WorkloadResource, object: unknown): JsonObject {
  let value = objectOf(object, "object");
  const kind = stringField(value, "kind") ?? objectKind;
  if (kind !== objectKind) throw new ShapeError("WrongType", "kind", `the object is not a ${objectKind}`);
  for (const [index, name] of path.entries()) {
    value = objectOf(field(value, name), path.slice(0, index + 1).join("."));
  }
  return value;
}

function pullSecretsOf(spec: JsonObject, path: string): readonly string[] {
  const names = [...objectsAt(spec, "imagePullSecrets", path)].map(([secret, at]) => textAt(secret, "name", at));
  return names.filter((name) => name !== "");
}

function* objectsAt(object: JsonObject, name: string, path: string): Generator<readonly [JsonObject, string]> {
  for (const [index, item] of listAt(object, name, path).entries()) {
    const at = `${path}.${name}[${index}]`;
    yield [objectOf(item, at), at];
  }
}

function objectOf(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  if (value === undefined || value === null) throw new ShapeError("Missing", path, "it is missing");
  throw new ShapeError("WrongType", path, "it is not an object");
}

// In Kubernetes' JSON an absent list or text, a null one and an empty one are the same.
function listAt(object: JsonObject, name: string, path: string): readonly unknown[] {
  const value = field(object, name) ?? [];
  if (!Array.isArray(value)) throw new ShapeError("WrongType", `${path}.${name}`, "it is not a list");
  return value as readonly unknown[];
}

function textAt(object: JsonObject, name: string, path: string): string {
  const value = field(object, name) ?? "";
  if (typeof value !== "string") throw new ShapeError("WrongType", `${path}.${name}`, "it is not a text");
  return value;
}
