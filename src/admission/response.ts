import { cutLines } from "./cut.ts";
import type { Annotations, Decision, Denial } from "./decision.ts";
import type { Resource } from "./review.ts";

/** What goes back over HTTP. */
export interface AdmissionAnswer {
  readonly status: number;
  readonly body: object;
}

/** What an answer to a review is about; as much of it as could be decoded. */
export interface Target {
  readonly uid: string;
  readonly resource: Resource | undefined;
  readonly name: string;
}

/** Under 4,096 characters in total, beyond which the API server cuts each warning to 256. */
const MAX_WARNINGS = 4095;
const MAX_MESSAGE = 16_384;
const MAX_ANNOTATION = 8192;

/** The answer to a review that has a `uid` (design, section 6): HTTP 200, whatever was decided. */
export function reviewAnswer(target: Target, decision: Decision): AdmissionAnswer {
  switch (decision.kind) {
    case "allow":
      return response({ uid: target.uid, allowed: true, ...warningsOf(decision.warnings), ...annotationsOf(decision.annotations) });
    case "forbidden":
      return denied(target, decision, { code: 403, reason: "Forbidden" });
    case "invalid":
      return denied(target, decision, { code: 422, reason: "Invalid" });
  }
}

/** The body is no review that could be answered. */
export function badRequest(message: string): AdmissionAnswer {
  return failure(400, "BadRequest", message);
}

export function unsupportedMediaType(): AdmissionAnswer {
  return failure(415, "UnsupportedMediaType", "an AdmissionReview is sent as application/json");
}

function denied(target: Target, denial: Denial, status: { readonly code: number; readonly reason: string }): AdmissionAnswer {
  const lines = denial.causes.map(({ field, message }) => (denial.kind === "invalid" ? `${field}: ${message}` : message));
  return response({
    uid: target.uid,
    allowed: false,
    status: {
      status: "Failure",
      ...status,
      message: cutLines([...lines, ...denial.notes], MAX_MESSAGE).join("\n"),
      details: { name: target.name, group: target.resource?.group, kind: target.resource?.resource, causes: denial.causes },
    },
    ...annotationsOf(denial.annotations),
  });
}

function response(response: object): AdmissionAnswer {
  return { status: 200, body: { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response } };
}

function failure(code: number, reason: string, message: string): AdmissionAnswer {
  return { status: code, body: { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", code, reason, message } };
}

function warningsOf(lines: readonly string[]): object {
  return lines.length === 0 ? {} : { warnings: cutLines(lines, MAX_WARNINGS) };
}

function annotationsOf(annotations: Annotations): object {
  const entries = Object.entries(annotations).filter(([, lines]) => lines.length > 0);
  if (entries.length === 0) return {};
  return { auditAnnotations: Object.fromEntries(entries.map(([key, lines]) => [key, cutLines(lines, MAX_ANNOTATION).join("; ")])) };
}
