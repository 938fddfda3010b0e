import { type JsonObject, field, isObject, objectField, parseJsonObject, stringField } from "../json.ts";

export const OPERATIONS = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** As Kubernetes names it: `apps`, `v1`, `deployments`; the core group is empty. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** The request of an AdmissionReview `admission.k8s.io/v1`. Its objects are unknown until a decoder has looked at them. */
export interface Review {
  readonly uid: string;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly subresource: string | undefined;
  /** Undefined for an object of the cluster. */
  readonly namespace: string | undefined;
  /** The object's name, else its `generateName`, else empty. */
  readonly name: string;
  /** Nothing outside may change by it. */
  readonly isDryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

export type DecodedReview =
  | { readonly kind: "review"; readonly review: Review }
  /** Whoever sent it can be answered by its `uid`, but it does not say what it is about. */
  | { readonly kind: "invalid"; readonly uid: string; readonly message: string }
  /** Nothing that could be answered by an AdmissionReview. */
  | { readonly kind: "no-review"; readonly message: string };

const API_VERSION = "admission.k8s.io/v1";

/** Decodes the body of a request. Never throws. */
export function decodeReview(body: Uint8Array): DecodedReview {
  const document = parseJsonObject(body);
  if (document === undefined) return noReview("the body is not a JSON object");
  if (stringField(document, "kind") !== "AdmissionReview") return noReview("the body is not an AdmissionReview");
  if (stringField(document, "apiVersion") !== API_VERSION) {
    return noReview(`the AdmissionReview is not of ${API_VERSION}; set admissionReviewVersions: ["v1"] in the webhook configuration`);
  }
  const request = objectField(document, "request");
  if (request === undefined) return noReview("the AdmissionReview has no request");
  const uid = stringField(request, "uid");
  if (uid === undefined || uid === "") return noReview("the AdmissionReview has no request.uid");
  return decodeRequest(uid, request);
}

function decodeRequest(uid: string, request: JsonObject): DecodedReview {
  const invalid = (message: string): DecodedReview => ({ kind: "invalid", uid, message });
  const operation = OPERATIONS.find((each) => each === field(request, "operation"));
  if (operation === undefined) return invalid(`request.operation is not one of ${OPERATIONS.join(", ")}`);
  const resource = decodeResource(field(request, "resource"));
  if (resource === undefined) return invalid("request.resource does not name a version and a resource");
  for (const name of ["subResource", "namespace", "name"]) {
    if (!isTextOrAbsent(field(request, name))) return invalid(`request.${name} is not a text`);
  }
  return {
    kind: "review",
    review: {
      uid,
      operation,
      resource,
      subresource: stringField(request, "subResource") || undefined,
      namespace: stringField(request, "namespace") || undefined,
      name: stringField(request, "name") || generateName(request),
      isDryRun: (field(request, "dryRun") ?? false) !== false,
      object: field(request, "object"),
      oldObject: field(request, "oldObject"),
    },
  };
}

function decodeResource(value: unknown): Resource | undefined {
  if (!isObject(value) || !isTextOrAbsent(field(value, "group"))) return undefined;
  const version = stringField(value, "version");
  const resource = stringField(value, "resource");
  if (!version || !resource) return undefined;
  return { group: stringField(value, "group") ?? "", version, resource };
}

function generateName(request: JsonObject): string {
  const object = objectField(request, "object") ?? {};
  return stringField(objectField(object, "metadata") ?? {}, "generateName") ?? "";
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

function noReview(message: string): DecodedReview {
  return { kind: "no-review", message };
}
