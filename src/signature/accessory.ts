import type { Descriptor, ImageManifest, Manifest } from "../image/manifest.ts";
import type { Layout, Location, Sought } from "./candidate.ts";
import { COSIGN_ARTIFACT, DSSE_ENVELOPE, isAttestation, isBundle, isSbom, NOTATION_SIGNATURE, SIMPLE_SIGNING } from "./media-type.ts";
import { SIGN_PREDICATE } from "./statement.ts";

/** A layer that holds a signed document, still to be fetched. */
export interface DocumentLayer {
  readonly layout: "simple-signing" | "oci-1-1" | "bundle" | "attestation";
  readonly layer: Descriptor;
}

/** What a manifest at a location is, by its own content: the artifactType of its descriptor decides nothing. */
export type Accessory =
  | { readonly kind: "documents"; readonly documents: readonly DocumentLayer[] }
  | { readonly kind: "instead"; readonly layout: Layout };

/** Every signature layer counts by itself: cosign adds a second signature as one more layer, often of the same blob. */
export function classifyAccessory(manifest: Manifest, location: Location): Accessory {
  if (manifest.kind === "index") return { kind: "instead", layout: "unknown" };
  const documents = manifest.layers.flatMap((layer) => documentLayer(layer, manifest, location));
  return documents.length > 0 ? { kind: "documents", documents } : { kind: "instead", layout: layoutInstead(manifest) };
}

/** How strongly a descriptor promises what is sought: 0 is the strongest. Quotas are spent in this order. */
export function promiseOf(descriptor: Descriptor, sought: Sought): number {
  const { artifactType, annotations } = descriptor;
  const predicateType = annotations.get("dev.sigstore.bundle.predicateType");
  if (predicateType !== undefined) return (predicateType === SIGN_PREDICATE) === (sought === "signatures") ? 0 : 2;
  if (artifactType === undefined || artifactType === COSIGN_ARTIFACT || isBundle(artifactType)) return 0;
  // cosign 3 writes the empty config's type, cosign 2 the image config's, where it writes the fallback tag.
  if (artifactType.startsWith("application/vnd.oci.")) return 1;
  return 2;
}

function documentLayer(layer: Descriptor, manifest: ImageManifest, location: Location): readonly DocumentLayer[] {
  if (isBundle(layer.mediaType)) return [{ layout: "bundle", layer }];
  if (location === "att-tag") return layer.mediaType === DSSE_ENVELOPE ? [{ layout: "attestation", layer }] : [];
  if (layer.mediaType !== SIMPLE_SIGNING) return [];
  const isArtifact = manifest.artifactType === COSIGN_ARTIFACT || manifest.config.mediaType === COSIGN_ARTIFACT;
  return [{ layout: isArtifact && location !== "sig-tag" ? "oci-1-1" : "simple-signing", layer }];
}

function layoutInstead(manifest: ImageManifest): Layout {
  const types = [manifest.artifactType ?? "", manifest.config.mediaType, ...manifest.layers.slice(0, 8).map((layer) => layer.mediaType)];
  if (types.includes(NOTATION_SIGNATURE)) return "notation";
  if (types.some(isAttestation)) return "attestation";
  if (types.some(isSbom)) return "sbom";
  return "unknown";
}
