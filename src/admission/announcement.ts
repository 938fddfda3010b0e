import { isObject } from "../json.ts";
import type { Reason } from "../verdict/reason.ts";
import { speakerOf } from "../verdict/verdict.ts";
import { isViolation } from "./decide.ts";
import type { Denial } from "./decision.ts";
import { type Finding, findingLine } from "./message.ts";
import { apiVersionOf, controllerOf, type ObjectReference, referenceTo } from "./object-reference.ts";
import type { Review } from "./review.ts";
import type { WorkloadResource } from "./workload.ts";

/** What people should find beside an object of the cluster: an Event. */
export interface Announcement {
  readonly namespace: string;
  readonly about: ObjectReference;
  /** What came to it: a request was refused, an admitted one violates `audit`, or it was found to run. */
  readonly action: "Refuse" | "Audit" | "Scan";
  /** A reason of the closed list, or that Pods run other content than their reference names now. */
  readonly reason: Reason | "Drifted";
  /** One for each image. */
  readonly lines: readonly string[];
}

/** What was refused is announced where somebody looks for it: a Pod that never was has no Events, its controller has. */
export function refusalAnnouncement(review: Review, resource: WorkloadResource, { reason, causes }: Denial): Announcement {
  return { ...placeOf(review, resource), action: "Refuse", reason, lines: causes.map(({ message }) => message) };
}

/** Undefined where `audit` has nothing to say. */
export function auditAnnouncement(review: Review, resource: WorkloadResource, audited: readonly Finding[]): Announcement | undefined {
  const violations = audited.filter(isViolation);
  const reason = speakerOf(violations.map(({ judgement }) => judgement.verdict), ({ kind }) => kind)?.reason;
  return reason && { ...placeOf(review, resource), action: "Audit", reason, lines: violations.map(findingLine) };
}

function placeOf({ namespace = "", name, resource, object }: Review, { objectKind }: WorkloadResource): Pick<Announcement, "namespace" | "about"> {
  const written = isObject(object) ? object : {};
  const own = { ...referenceTo(written, { apiVersion: apiVersionOf(resource), kind: objectKind }), name };
  return { namespace, about: controllerOf(written) ?? own };
}
