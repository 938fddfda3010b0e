import { quote } from "../image/reference.ts";
import type { Candidate } from "../signature/candidate.ts";
import type { Signer } from "../trust/authority.ts";
import type { AuthorityOutcome, CandidateFault, RejectedCandidate } from "./outcome.ts";

/** What one line tells of several things; `check` tells of all. */
const TOLD = 3;

/** What the authorities made of a subject, in one line of a message. */
export function authorityTexts(authorities: readonly AuthorityOutcome[]): string {
  return told(authorities.map(authorityText), "authorities");
}

/** `authority "release" (key sha256:ab...) does not accept the signature in sha256:cd...: it was not made with that key over these bytes`. */
export function authorityText(outcome: AuthorityOutcome): string {
  const name = `authority ${quote(outcome.name)}`;
  switch (outcome.kind) {
    case "static":
      return `${name} is static: ${outcome.action}`;
    case "accepted":
      return `${name} accepts ${signerText(outcome.signer)}`;
    case "rejected": {
      const missing = outcome.missing.length > 0 ? ` finds no attestation of type ${outcome.missing.map(quote).join(", ")} by it` : " finds no signature by it";
      const tried = outcome.tried.length > 0 ? ` (${told(outcome.tried.map(rejectionText), "others")})` : "";
      return `${name} (${signerText(outcome.signer)})${missing}${tried}`;
    }
  }
}

/** `the signature in sha256:cd... was not made with this key over these bytes`. */
export function rejectionText({ candidate, fault }: RejectedCandidate): string {
  return `${candidateText(candidate)} ${FAULTS[fault]}`;
}

export function signerText({ fingerprint }: Signer): string {
  return `key ${fingerprint}`;
}

/** `the signature in sha256:cd...`, by the manifest that carries it. */
export function candidateText({ claim, digest }: Candidate): string {
  return `the ${claim.kind === "attests" ? "attestation" : "signature"} in ${digest ?? "an unknown manifest"}`;
}

// Nothing is guessed: a signature that does not verify says only that.
const FAULTS: Readonly<Record<CandidateFault, string>> = {
  BadSignature: "was not made with that key over these bytes",
  NotBase64: "is not base64",
  NotTried: "was not verified, since the image has more to verify than is verified for one",
  Certificate: "is to be verified by a certificate, and a key is asked for",
  OtherSubject: "is for another digest",
  OtherPredicate: "is of another type",
};

function told(texts: readonly string[], others: string): string {
  const rest = texts.length - TOLD;
  return [...texts.slice(0, TOLD), ...(rest > 0 ? [`and ${rest} ${others} more`] : [])].join("; ");
}
