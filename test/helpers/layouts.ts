import { readdirSync, readFileSync } from "node:fs";
import { type Digest, parseDigest } from "../../src/image/digest.ts";
import { arrayField, isObject, type JsonObject, objectField, parseJson, stringField } from "../../src/json.ts";
import { type Artifact, push } from "./images.ts";
import { writeReferrersTag } from "./referrer.ts";
import type { RegistryDouble } from "./registry-double.ts";

/** The images of `test/fixtures/oci` that the real cosign signed. */
export type LayoutName = "kl1" | "kl2legacy" | "kl2t" | "t2" | "t2att" | "t2oci" | "t2rec" | "t3att" | "t3rec" | "t3sc";

const FIXTURES = new URL("../fixtures/", import.meta.url);

/** A file of `test/fixtures`. */
export function fixture(path: string): Buffer {
  return readFileSync(new URL(path, FIXTURES));
}

/**
 * Pushes an OCI image layout with all its accessories: tags as the layout names them, and the referrers tag as cosign
 * writes it where the registry has no referrers API. Returns the digest of the image, which has the tag `v1`.
 */
export function loadLayout(registry: RegistryDouble, repository: string, name: LayoutName): Digest {
  for (const blob of readdirSync(new URL(`oci/${name}/blobs/sha256/`, FIXTURES))) {
    registry.pushBlob(repository, fixture(`oci/${name}/blobs/sha256/${blob}`));
  }
  for (const descriptor of layoutDescriptors(name)) loadManifest(registry, repository, { name, descriptor });
  const image = registry.manifest(repository, "v1");
  if (image === undefined) throw new Error(`the layout ${name} has no tag v1`);
  return image.digest;
}

function loadManifest(registry: RegistryDouble, repository: string, { name, descriptor }: { name: LayoutName; descriptor: JsonObject }): void {
  const digest = parseDigest(stringField(descriptor, "digest") ?? "");
  if (digest === undefined) throw new Error(`the layout ${name} names a manifest without a digest`);
  const manifest: Artifact = {
    mediaType: stringField(descriptor, "mediaType") ?? "",
    bytes: fixture(`oci/${name}/blobs/${digest.replace(":", "/")}`),
    digest,
    blobs: [],
  };
  push(registry, repository, manifest, stringField(objectField(descriptor, "annotations") ?? {}, "org.opencontainers.image.ref.name"));
  if (!registry.referrers) writeReferrersTag(registry, repository, manifest, "cosign");
}

function layoutDescriptors(name: LayoutName): readonly JsonObject[] {
  const index = parseJson(fixture(`oci/${name}/index.json`));
  return (isObject(index) ? (arrayField(index, "manifests") ?? []) : []).filter(isObject);
}
