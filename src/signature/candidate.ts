import type { Digest } from "../image/digest.ts";

/** How an accessory's document is laid out. The last four are no cosign signature; they are named to say what was found instead. */
export type Layout = "simple-signing" | "oci-1-1" | "bundle" | "attestation" | "sbom" | "notation" | "unknown";

/** Where an accessory was found. `att-tag` is asked for attestations alone, and holds no signature; `accessories` is Harbor's own API. */
export type Location = "sig-tag" | "referrers" | "referrers-tag" | "att-tag" | "accessories";

/** What one looks for: signatures, or attestations that are to be verified. */
export type Sought = "signatures" | "attestations";

/** A simple-signing payload with what its layer's annotations say of it. Nothing in it is trusted. */
export interface SimpleSigningDocument {
  readonly kind: "simple-signing";
  /** Equal for simple-signing documents of equal payloads with equal annotations, and for no other document. */
  readonly id: string;
  readonly payload: Uint8Array;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A DSSE envelope: bytes, what they are, and signatures over both. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** A Sigstore bundle around one envelope. Nothing in it is trusted. */
export interface BundleDocument {
  readonly kind: "bundle";
  /** Equal for bundles of equal bytes, and for no other document. */
  readonly id: string;
  readonly envelope: Envelope;
  /** What it says that it is to be verified with. The key's hint is left out: it proves nothing. */
  readonly material: "public-key" | "certificate";
}

/** An envelope by itself, as cosign 2 attaches attestations. Nothing in it is trusted. */
export interface EnvelopeDocument {
  readonly kind: "envelope";
  /** Equal for envelopes of equal bytes, and for no other document. */
  readonly id: string;
  readonly envelope: Envelope;
}

export type SignedDocument = SimpleSigningDocument | BundleDocument | EnvelopeDocument;

/** Why an accessory could not be read, for good: its bytes, or the registry's own refusal to hand it out. */
export type UnreadableReason = "Malformed" | "TooLarge" | "DigestMismatch" | "BlockedByRegistry" | "RegistryForbidden";

/**
 * What an accessory says of which image it is for.
 * `claims`: a signature document that names these digests (several only in a statement with several subjects).
 * `attests`: an attestation about these digests, which is no signature. `instead`: something else than either.
 * `unreadable`: it could not be read, and why.
 */
export type Claim =
  | { readonly kind: "claims"; readonly digests: readonly Digest[]; readonly document: SignedDocument }
  | { readonly kind: "attests"; readonly digests: readonly Digest[]; readonly predicateType: string; readonly document: SignedDocument }
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

/** Whether a candidate is an attestation about exactly this digest. */
export function attestsDigest(candidate: Candidate, subject: Digest): boolean {
  return candidate.claim.kind === "attests" && candidate.claim.digests.includes(subject);
}

/** Whether a candidate is what was sought for a subject: its signature, or an attestation about it. */
export function claimsSought(candidate: Candidate, { subject, sought }: { readonly subject: Digest; readonly sought: Sought }): boolean {
  return (sought === "signatures" ? claimsDigest : attestsDigest)(candidate, subject);
}
