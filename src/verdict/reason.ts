/**
 * The closed list of words that say why. The same word stands in the message, the metric, the audit annotation, the
 * command line and docs/reasons.md; a test compares that page with these lists.
 */

export const TRUSTED_REASONS = ["Signed", "Verified"] as const;
export type TrustedReason = (typeof TRUSTED_REASONS)[number];

export const EXEMPT_REASONS = ["ExemptImage", "ExemptNamespace", "StaticPass"] as const;
export type ExemptReason = (typeof EXEMPT_REASONS)[number];

/** The evidence says no. */
export const UNTRUSTED_REASONS = [
  "InvalidReference",
  "RegistryForbidden",
  "RepositoryNotTrusted",
  "TagNotAllowed",
  "ImageNotFound",
  "BlockedByRegistry",
  "Unsigned",
  "PlatformUnsigned",
  "ClaimMismatch",
  "NoPlatform",
  "DigestMismatch",
  "Malformed",
  "TooLarge",
  "NoPolicy",
  "PolicyInvalid",
  "UntrustedSigner",
  "ThresholdNotMet",
  "AttestationMissing",
  "StaticFail",
] as const;
export type UntrustedReason = (typeof UNTRUSTED_REASONS)[number];

/** It could not be found out. */
export const UNDETERMINED_REASONS = [
  "Unauthorized",
  "RateLimited",
  "RegistryUnavailable",
  "UnexpectedAnswer",
  "DeadlineExceeded",
  "CredentialsUnavailable",
  "NamespaceUnknown",
  "PoliciesUnknown",
  "Overloaded",
  "InternalError",
] as const;
export type UndeterminedReason = (typeof UNDETERMINED_REASONS)[number];

/** The request itself, a namespace's label or a policy object is refused; no image was judged. */
export const REFUSED_REASONS = ["InvalidRequest", "InvalidLabel", "InvalidPolicy"] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** They exist for the metric alone. */
export const METRIC_REASONS = ["Admitted", "Skipped"] as const;

/** A verdict on one image. */
export type VerdictReason = TrustedReason | ExemptReason | UntrustedReason | UndeterminedReason;

export type Reason = VerdictReason | RefusedReason | (typeof METRIC_REASONS)[number];
