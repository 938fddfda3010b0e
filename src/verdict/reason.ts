/**
 * The closed list of words that say why. The same word stands in the message, the metric, the audit annotation, the
 * command line and docs/reasons.md; a test compares that page with this table.
 */

export type TrustedReason = "Signed" | "Verified";

export type ExemptReason = "ExemptImage" | "ExemptNamespace" | "StaticPass";

/** The evidence says no. */
export type UntrustedReason =
  | "InvalidReference"
  | "RegistryForbidden"
  | "RepositoryNotTrusted"
  | "TagNotAllowed"
  | "ImageNotFound"
  | "BlockedByRegistry"
  | "Unsigned"
  | "PlatformUnsigned"
  | "ClaimMismatch"
  | "NoPlatform"
  | "DigestMismatch"
  | "Malformed"
  | "TooLarge"
  | "NoPolicy"
  | "PolicyInvalid"
  | "UntrustedSigner"
  | "ThresholdNotMet"
  | "AttestationMissing"
  | "StaticFail";

/** It could not be found out. */
export type UndeterminedReason =
  | "Unauthorized"
  | "RateLimited"
  | "RegistryUnavailable"
  | "DeadlineExceeded"
  | "CredentialsUnavailable"
  | "NamespaceUnknown"
  | "PoliciesUnknown"
  | "Overloaded"
  | "InternalError";

/** The request itself, a namespace's label or a policy object is refused; no image was judged. */
export type RefusedReason = "InvalidRequest" | "InvalidLabel" | "InvalidPolicy";

/** A verdict on one image. */
export type VerdictReason = TrustedReason | ExemptReason | UntrustedReason | UndeterminedReason;

/** `Admitted` and `Skipped` exist for the metric alone. */
export type Reason = VerdictReason | RefusedReason | "Admitted" | "Skipped";
