import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { BUNDLE } from "../helpers/cosign-bundle.ts";
import { SIMPLE_SIGNING } from "../helpers/cosign.ts";
import { type Artifact, artifact, describe, imageManifest, jsonBytes } from "../helpers/images.ts";
import type { RegistryDouble } from "../helpers/registry-double.ts";
import { type HostileCase, unsigned } from "./case.ts";

/** What signatures for something else claim. */
export const OTHER = imageManifest({ seed: "other" }).digest;
const CONFIG = describe("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
const digestOf = (text: string): Digest => computeDigest("sha256", Buffer.from(text));

/** Layers that promise signatures, none of which is there. */
export const absentLayers = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, i) => ({ mediaType: SIMPLE_SIGNING, size: 1, digest: digestOf(`layer ${i}`), annotations: { "dev.cosignproject.cosign/signature": "x" } }));

/** Referrers that promise signatures, none of which is there. */
export const absentReferrers = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, i) => ({ mediaType: OCI_MANIFEST, size: 1, digest: digestOf(`referrer ${i}`), artifactType: BUNDLE }));

export const manifest = (layers: readonly object[], more: object = {}): Artifact => artifact([Buffer.from("{}")], { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers, ...more });
export const indexOf = (manifests: readonly object[]): Uint8Array => jsonBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });

/** What is done to an unsigned image. */
export function crowd(name: string, build: (registry: RegistryDouble, digest: Digest) => void, more: Pick<HostileCase, "reason"> = { reason: "TooLarge" }): HostileCase {
  return {
    name,
    build: (registry) => {
      build(registry, unsigned(registry));
      return ":v1";
    },
    ...more,
    otherwise: "Overloaded",
  };
}
