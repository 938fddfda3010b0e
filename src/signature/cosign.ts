import { type Digest, hexOf, parseDigest, algorithmOf } from "../image/digest.ts";
import { objectField, parseDocumentObject, stringField } from "../json.ts";
import type { Claim } from "./candidate.ts";
import { contentId } from "./content-id.ts";

/** Of a simple-signing layer: the signature over its payload, in base64. */
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";
const PAYLOAD_TYPE = "cosign container image signature";

/**
 * The tag under which cosign keeps the simple-signing signatures of a digest (cosign, SIGNATURE_SPEC.md). Undefined for
 * sha512: the tag would be longer than the 128 characters that a tag may have.
 */
export function signatureTag(subject: Digest): string | undefined {
  return cosignTag(subject, "sig");
}

/** The tag under which cosign 2 keeps the attestations of a digest; undefined for sha512. */
export function attestationTag(subject: Digest): string | undefined {
  return cosignTag(subject, "att");
}

function cosignTag(subject: Digest, suffix: "sig" | "att"): string | undefined {
  return algorithmOf(subject) === "sha256" ? `sha256-${hexOf(subject)}.${suffix}` : undefined;
}

/** The fallback tag of the referrers API (OCI distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  // The specification cuts the digits at 64, so that a sha512 digest makes a tag as well.
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/**
 * What a simple-signing payload claims. `annotations` are those of its layer. The docker-reference is information and
 * no condition: images are copied and replicated; `critical.type` is one, as cosign's specification demands.
 */
export function decodeSimpleSigning(payload: Uint8Array, annotations: ReadonlyMap<string, string>): Claim {
  if ((annotations.get(SIGNATURE_ANNOTATION) ?? "") === "") return MALFORMED;
  const digest = claimedDigest(payload);
  if (digest === undefined) return MALFORMED;
  return { kind: "claims", digests: [digest], document: { kind: "simple-signing", id: idOf(payload, annotations), payload, annotations } };
}

// Sorted, since an annotation's place says nothing; each one may matter to a signature some day.
function idOf(payload: Uint8Array, annotations: ReadonlyMap<string, string>): string {
  return contentId("simple-signing", [payload, ...[...annotations].toSorted(([a], [b]) => (a < b ? -1 : 1)).flat()]);
}

const MALFORMED: Claim = { kind: "unreadable", reason: "Malformed" };

function claimedDigest(payload: Uint8Array): Digest | undefined {
  const critical = objectField(parseDocumentObject(payload) ?? {}, "critical");
  if (critical === undefined || stringField(critical, "type") !== PAYLOAD_TYPE) return undefined;
  const image = objectField(critical, "image");
  return image === undefined ? undefined : parseDigest(stringField(image, "docker-manifest-digest") ?? "");
}
