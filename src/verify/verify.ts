import { dsse } from "@sigstore/core";
import { decodeBase64 } from "../signature/base64.ts";
import type { Envelope, SignedDocument, SimpleSigningDocument } from "../signature/candidate.ts";
import { SIGNATURE_ANNOTATION } from "../signature/cosign.ts";
import type { KeyAuthority, Signer } from "../trust/authority.ts";
import { isSignedBy, type KeyCheck } from "./key.ts";

/** Why a document is not an authority's. */
export type VerifyFault =
  /** The signature was made with another key, or over other bytes. */
  | "BadSignature"
  /** The signature is not base64. */
  | "NotBase64"
  /** It says that it was signed with a certificate's key, and keys are asked for. */
  | "Certificate"
  /** It was not verified: more had to be for this image than is verified for one. */
  | "NotTried";

export type Verification = { readonly kind: "verified"; readonly signer: Signer } | { readonly kind: "rejected"; readonly fault: VerifyFault };

/** Verifies one document by one authority. Pure, so its answers may be kept by the document's id and the authority's revision. */
export type Verify = (document: SignedDocument, authority: KeyAuthority) => Verification;

/** Names a verification by everything that it depends on: neither part can change under its name. */
export function verificationKey({ id }: SignedDocument, { revision }: KeyAuthority): string {
  return `${id} ${revision}`;
}

/** There is no answer yet; who asks again later gets one. */
export interface Postponed {
  readonly kind: "postponed";
}

/** Asks for a verification that may have to wait for its turn. */
export type Attempt = (document: SignedDocument, authority: KeyAuthority) => Verification | Postponed;

/**
 * Whether the document's own bytes were signed with the authority's key. What the document is for is not looked at: that
 * was read out of the very same bytes (signature/), and is compared by whoever asks. A bundle that names a certificate is
 * not tried with a key: one kind of trust must never be taken for another.
 */
export const verifyDocument: Verify = (document, authority) => {
  const fault = faultOf(document, authority);
  return fault === undefined ? { kind: "verified", signer: { kind: "key", fingerprint: authority.key.fingerprint } } : { kind: "rejected", fault };
};

function faultOf(document: SignedDocument, { key, hash }: KeyAuthority): VerifyFault | undefined {
  switch (document.kind) {
    case "simple-signing":
      return simpleSigningFault(document, { key, hash, wrapping: "simple-signing" });
    case "bundle":
      return document.material === "certificate" ? "Certificate" : envelopeFault(document.envelope, { key, hash, wrapping: "bundle" });
    case "envelope":
      return envelopeFault(document.envelope, { key, hash, wrapping: "envelope" });
  }
}

function simpleSigningFault({ payload, annotations }: SimpleSigningDocument, check: KeyCheck): VerifyFault | undefined {
  const signature = decodeBase64(annotations.get(SIGNATURE_ANNOTATION) ?? "");
  if (signature === undefined) return "NotBase64";
  return isSignedBy(check, payload, signature) ? undefined : "BadSignature";
}

// The signature is over the payload and its type together, so neither can be taken for something else.
function envelopeFault({ payloadType, payload, signatures }: Envelope, check: KeyCheck): VerifyFault | undefined {
  const bytes = dsse.preAuthEncoding(payloadType, Buffer.from(payload));
  return signatures.some((signature) => isSignedBy(check, bytes, signature)) ? undefined : "BadSignature";
}
