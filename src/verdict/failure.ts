import { CodedError } from "../errors.ts";
import type { UndeterminedReason, UntrustedReason } from "./reason.ts";

/**
 * The evidence says no, in the middle of a look-up: the manifest does not exist, its bytes are not what they claim, the
 * address may not be reached. Final, and never a matter of outage. The message names host, digest or limit, and holds
 * nothing that a registry wrote.
 */
export class RefusedError extends CodedError<UntrustedReason> {
  readonly kind = "refused";
}

/** It could not be found out: no answer, no access, no time. Never kept as an answer. */
export class UndeterminedError extends CodedError<UndeterminedReason> {
  readonly kind = "undetermined";
}
