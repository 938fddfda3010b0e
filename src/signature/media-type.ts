/** Media types that tell one kind of accessory from another, as cosign, notation and SBOM tools write them. */
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
export const COSIGN_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json";
export const DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json";
export const NOTATION_SIGNATURE = "application/vnd.cncf.notary.signature";

const BUNDLES: ReadonlySet<string> = new Set([
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
]);
const ATTESTATIONS: ReadonlySet<string> = new Set([DSSE_ENVELOPE, "application/vnd.in-toto+json"]);
const SBOMS: readonly string[] = ["spdx", "cyclonedx", "syft", "sbom"];

/** A Sigstore bundle of version 0.3, in either of its two spellings. */
export function isBundle(mediaType: string): boolean {
  return BUNDLES.has(mediaType);
}

export function isAttestation(mediaType: string): boolean {
  return ATTESTATIONS.has(mediaType);
}

/** No one media type is agreed for SBOMs: the formats' names are looked for. */
export function isSbom(mediaType: string): boolean {
  return SBOMS.some((format) => mediaType.includes(format));
}
