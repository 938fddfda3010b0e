import { CodedError, messageOf } from "../../errors.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import type { UndeterminedReason } from "../../verdict/reason.ts";

export type ClusterFault =
  /** The API server says, in a Status of its own, that there is no such object. */
  | "NotFound"
  /** 403: a rule of RBAC is missing. */
  | "Forbidden"
  /** 401: our own credentials are not accepted, or could not be read. */
  | "Unauthorized"
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

/** The same as an answer for the core: `reason`, unless it was the caller's own time that ran out. */
export function undetermined(reason: UndeterminedReason, what: string, thrown: ClusterError): UndeterminedError {
  const code = thrown.code === "DeadlineExceeded" ? "DeadlineExceeded" : reason;
  return new UndeterminedError(code, `${what}: ${messageOf(thrown)}`, { cause: thrown });
}

/** What to grant when the API server answers 403. */
export function grant(verb: string, resource: string): string {
  return `grant "${verb}" on ${resource} to the account that Pratique runs as (RBAC)`;
}
