import type { Digest } from "../image/digest.ts";

/** How an accessory's document is laid out. The last four are no cosign signature; they are named to say what was found instead. */
export type Layout = "simple-signing" | "oci-1-1" | "bundle" | "attestation" | "sbom" | "notation" | "unknown";

/** Where an accessory was found. */
export type Location = "sig-tag" | "referrers" | "referrers-tag";

/** A simple-signing payload with what its layer's annotations say of it. Nothing in it is trusted. */
export interface SimpleSigningDocument {
  readonly kind: "simple-signing";
  readonly payload: Uint8Array;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A Sigstore bundle's bytes, decoded far enough to know its claim. Nothing in it is trusted. */
export interface BundleDocument {
  readonly kind: "bundle";
  readonly bytes: Uint8Array;
  readonly predicateType: string;
}

export type SignatureDocument = SimpleSigningDocument | BundleDocument;

/** Why an accessory could not be read, for good: its bytes, or the registry's own refusal to hand it out. */
export type UnreadableReason = "Malformed" | "TooLarge" | "DigestMismatch" | "BlockedByRegistry" | "RegistryForbidden";

/**
 * What an accessory says of which image it is for.
 * `claims`: a signature document that names these digests (several only in a statement with several subjects).
 * `instead`: something else than a cosign signature. `unreadable`: it could not be read, and why.
 */
export type Claim =
  | { readonly kind: "claims"; readonly digests: readonly Digest[]; readonly document: SignatureDocument }
  | { readonly kind: "instead" }
  | { readonly kind: "unreadable"; readonly reason: UnreadableReason };

/** Found evidence, not verified. A manifest with several signature layers gives several. */
export interface Candidate {
  /** The manifest that carries it; undefined when that could not be read. */
  readonly digest: Digest | undefined;
  readonly layout: Layout;
  readonly location: Location;
  readonly claim: Claim;
}

/** Whether a candidate is a signature document for exactly this digest. */
export function claimsDigest(candidate: Candidate, subject: Digest): boolean {
  return candidate.claim.kind === "claims" && candidate.claim.digests.includes(subject);
}
