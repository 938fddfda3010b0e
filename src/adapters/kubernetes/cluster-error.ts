import { CodedError } from "../../errors.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import type { UndeterminedReason } from "../../verdict/reason.ts";

export type ClusterFault =
  /** The API server says, in a Status of its own, that there is no such object. */
  | "NotFound"
  /** 404 without an object that it is about: the API server serves no such resource. */
  | "NotServed"
  /** 403: a rule of RBAC is missing. */
  | "Forbidden"
  /** 401: our own credentials are not accepted, or could not be read. */
  | "Unauthorized"
  /** 409: the object is not, or no longer, as a change supposed. */
  | "Conflict"
  /** 410: the resource version or the page is gone. */
  | "Expired"
  /** No connection, no answer within our own limit, a broken one, or any other status. */
  | "Unavailable"
  /** Not the document that was asked for. */
  | "Malformed"
  | "TooLarge"
  /** The caller's time is over, or the caller has gone. */
  | "DeadlineExceeded"
  /** No cluster can be reached with the configuration at hand. */
  | "Misconfigured";

/** What went wrong between us and the API server. The message holds nothing of what the server wrote. */
export class ClusterError extends CodedError<ClusterFault> {}

/** What did not work, in a person's words, and the rule of RBAC that it takes ("get" on "secrets"). */
export interface Attempt {
  /** `the Pods of namespace shop could not be listed`. */
  readonly failure: string;
  readonly verb: string;
  readonly resource: string;
}

/** What could not be found out. */
export interface Question extends Attempt {
  readonly reason: UndeterminedReason;
}

/** What did not work, why, and what to do when that is known. */
export function failureText(attempt: Attempt, thrown: ClusterError): string {
  return `${attempt.failure}: ${thrown.message}${remedyOf(attempt, thrown)}`;
}

/** What to do, to be put behind a message; empty where asking again is all. */
export function remedyOf({ verb, resource }: Pick<Attempt, "verb" | "resource">, { code }: ClusterError): string {
  if (code === "Forbidden") return `; ${grant(verb, resource)}`;
  return code === "NotServed" ? `; install the definition of ${resource} if it is a CRD, as the chart does with \`crds.install\`` : "";
}

/** The same error, which says what did not work. */
export function explained(attempt: Attempt, thrown: ClusterError): ClusterError {
  return new ClusterError(thrown.code, failureText(attempt, thrown), { cause: thrown });
}

/** The same as an answer for the core: the question's reason, unless it was the caller's own time that ran out. */
export function undetermined(question: Question, thrown: ClusterError): UndeterminedError {
  const code = thrown.code === "DeadlineExceeded" ? "DeadlineExceeded" : question.reason;
  return new UndeterminedError(code, failureText(question, thrown), { cause: thrown });
}

/** What to do when the API server answers 403. */
export function grant(verbs: string, resource: string): string {
  return `grant ${verbs} on ${resource} to the account that Pratique runs as (RBAC)`;
}
