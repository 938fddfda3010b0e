import type { AdmissionAnswer } from "../../admission/response.ts";

/** Kubernetes' words for the status codes that the server itself answers with (apimachinery, meta/v1, StatusReason). */
const REASONS: ReadonlyMap<number, string> = new Map([
  [400, "BadRequest"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [405, "MethodNotAllowed"],
  [408, "Timeout"],
  [413, "RequestEntityTooLarge"],
  [415, "UnsupportedMediaType"],
  [429, "TooManyRequests"],
  [431, "BadRequest"],
  [503, "ServiceUnavailable"],
]);

/**
 * A refusal before there was a review to answer: a Kubernetes `Status`, which no reader takes for an allowing
 * AdmissionReview.
 */
export function refusal(code: number, message: string): AdmissionAnswer {
  const reason = REASONS.get(code) ?? "InternalError";
  return { status: code, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code } };
}
