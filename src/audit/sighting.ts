import { apiVersionOf, controllerOf, type ObjectReference, referenceTo } from "../admission/object-reference.ts";
import { type DecodedWorkload, decodeWorkload, type WorkloadResource } from "../admission/workload.ts";
import { arrayField, field, isObject, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import type { Listed } from "./listed.ts";
import { type RunningImage, runningImages } from "./running.ts";

/** What an audit keeps of one listed object. */
export interface Sighting {
  readonly kind: WorkloadResource["kind"];
  readonly namespace: string;
  readonly object: ObjectReference;
  readonly controller: ObjectReference | undefined;
  readonly decoded: DecodedWorkload;
  /** Of a Pod. */
  readonly running: readonly RunningImage[];
  /** A template that makes no Pod any more: an old revision without replicas, or a Job that has ended. */
  readonly isSpent: boolean;
}

export function sightingOf({ resource, workload }: Listed, object: JsonObject): Sighting {
  const metadata = objectField(object, "metadata") ?? {};
  const controller = controllerOf(object);
  const decoded = decodeWorkload(workload, object);
  return {
    kind: workload.kind,
    namespace: stringField(metadata, "namespace") ?? "",
    object: referenceTo(object, { apiVersion: apiVersionOf(resource), kind: workload.objectKind }),
    controller,
    decoded,
    running: workload.kind === "pod" && decoded.kind === "workload" ? runningImages(object, decoded.workload.uses) : [],
    isSpent: isSpent(object, workload.objectKind, controller),
  };
}

// Deployments keep old revisions, and CronJobs their last Jobs. Whoever brings one of them back has to pass admission.
function isSpent(object: JsonObject, kind: string, controller: ObjectReference | undefined): boolean {
  if (kind === "Job") return hasEnded(object);
  const isRevision = controller !== undefined && (kind === "ReplicaSet" || kind === "ReplicationController");
  return isRevision && numberField(objectField(object, "spec") ?? {}, "replicas") === 0;
}

function hasEnded(job: JsonObject): boolean {
  const conditions = arrayField(objectField(job, "status") ?? {}, "conditions") ?? [];
  return conditions.some((each) => isObject(each) && (field(each, "type") === "Complete" || field(each, "type") === "Failed") && field(each, "status") === "True");
}
