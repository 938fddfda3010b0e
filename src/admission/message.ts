import { quote } from "../image/reference.ts";
import type { UntrustedReason } from "../verdict/reason.ts";
import type { FailedPart, Verdict } from "../verdict/verdict.ts";
import type { Judgement } from "./judgement.ts";
import type { ImageUse } from "./workload.ts";

/** One image-bearing field and the verdict on what it names. */
export interface Finding {
  readonly use: ImageUse;
  readonly judgement: Judgement;
}

/**
 * The line on one image of a request (design, section 6):
 * `container "web": harbor.example.com/shop/web:1.4 (sha256:ab12...) is not signed (Unsigned): no ... . Sign it with ...`
 */
export function findingLine({ use, judgement }: Finding): string {
  const where = `${use.kind} ${quote(use.name)}`;
  const isFieldWrong = judgement.verdict.reason === "InvalidReference" || judgement.verdict.reason === "TagNotAllowed";
  return `${where}${isFieldWrong ? ` (${use.field})` : ""}: ${imageLine(judgement)}`;
}

/** The same without the place in the request: for one image by itself. */
export function imageLine(judgement: Judgement): string {
  const { image, digest, verdict } = judgement;
  const resolved = digest === undefined || image.endsWith(digest) ? "" : ` (${digest})`;
  return `${shownImage(judgement)}${resolved} ${assessment(verdict)}`;
}

/** The image as it was written, fit for a message: what is no reference may be any text at all. */
export function shownImage({ image, verdict }: Judgement): string {
  return verdict.reason === "InvalidReference" ? quote(image) : image;
}

function assessment(verdict: Verdict): string {
  const { reason } = verdict;
  const detail = verdict.detail.replace(/\.$/, "");
  switch (verdict.kind) {
    case "trusted":
      return `passes (${reason}): ${detail}.`;
    case "exempt":
      return `is exempt (${reason}): ${detail}.`;
    case "undetermined":
      return `could not be checked: ${verdict.part === undefined ? "" : `${partName(verdict.part)}: `}${detail} (${reason}). ${verdict.remedy}`;
    case "untrusted":
      return `${complaint(verdict.reason, verdict.part)} (${reason}): ${detail}. ${verdict.remedy}`;
  }
}

function complaint(reason: UntrustedReason, part: FailedPart | undefined): string {
  const words = COMPLAINTS[reason] ?? "does not pass";
  return part === undefined ? words : `${words} for ${partName(part)}`;
}

function partName({ name, more }: FailedPart): string {
  return more > 0 ? `${name} and ${more} more` : name;
}

// Reasons that speak of an image or of something attached to it alike have no words of their own: the detail has.
const COMPLAINTS: Readonly<Partial<Record<UntrustedReason, string>>> = {
  InvalidReference: "is not an image reference",
  RepositoryNotTrusted: "lies outside the repositories where a signature counts",
  TagNotAllowed: "has no digest",
  ImageNotFound: "does not exist",
  Unsigned: "is not signed",
  PlatformUnsigned: "is not signed",
  ClaimMismatch: "has signatures of other content alone",
  NoPlatform: "has no platform to judge",
  NoPolicy: "is not governed by a trust policy",
  PolicyInvalid: "is governed by a trust policy that cannot be read",
  UntrustedSigner: "is not signed by a trusted signer",
  ThresholdNotMet: "is not signed by enough trusted signers",
  AttestationMissing: "lacks an attestation",
  StaticFail: "is refused by a trust policy",
};
