import { parseDigest, type Digest } from "../../src/image/digest.ts";
import { OCI_INDEX } from "../../src/image/media-type.ts";
import { arrayField, objectField, parseJsonObject, stringField, stringMapField } from "../../src/json.ts";
import { type Artifact, artifact, push } from "./images.ts";
import type { RegistryDouble } from "./registry-double.ts";
import { childrenOf } from "./registry-store.ts";

/** Whose way of writing the referrers tag: cosign's, or that of oras and notation. */
export type TagWriter = "cosign" | "oras";

export interface SubjectDescriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: Digest;
}

/** `sha256-<hex>`: the tag of the referrers index, and with `.sig` or `.att` cosign's own tags. */
export function digestTag(digest: Digest): string {
  return digest.replace(":", "-");
}

/** What a referrer says of its subject. The subject has to be in the registry. */
export function describeSubject(registry: RegistryDouble, repository: string, subject: Digest): SubjectDescriptor {
  const manifest = registry.manifest(repository, subject);
  if (manifest === undefined) throw new Error(`${repository}@${subject} has not been pushed: push it before signing it`);
  return { mediaType: manifest.mediaType, size: manifest.bytes.length, digest: subject };
}

/** A manifest and, when it is an index, everything that it names: what `cosign sign --recursive` signs. */
export function recursively(registry: RegistryDouble, repository: string, digest: Digest): readonly Digest[] {
  const manifest = registry.manifest(repository, digest);
  const children = manifest === undefined ? [] : childrenOf(manifest);
  return [digest, ...children.flatMap((child) => recursively(registry, repository, child))];
}

/**
 * Pushes a manifest that has a subject. Where there is no referrers API, the client writes the referrers tag itself
 * (distribution-spec, "Referrers Tag Schema") and keeps what others have written there.
 */
export function pushReferrer(registry: RegistryDouble, repository: string, referrer: Artifact, writer: TagWriter): Digest {
  const digest = push(registry, repository, referrer);
  if (!registry.referrers) writeReferrersTag(registry, repository, referrer, writer);
  return digest;
}

/** Adds a referrer to the referrers tag of its subject, whether or not there is an API; nothing for one without subject. */
export function writeReferrersTag(registry: RegistryDouble, repository: string, referrer: Artifact, writer: TagWriter): void {
  const subject = parseDigest(stringField(objectField(parseJsonObject(referrer.bytes) ?? {}, "subject") ?? {}, "digest") ?? "");
  if (subject === undefined) return;
  const tag = digestTag(subject);
  const present = arrayField(parseJsonObject(registry.manifest(repository, tag)?.bytes ?? new Uint8Array()) ?? {}, "manifests") ?? [];
  const manifests = [...present, writer === "cosign" ? cosignEntry(referrer) : orasEntry(referrer)];
  push(registry, repository, artifact([], { schemaVersion: 2, mediaType: OCI_INDEX, manifests }), tag);
}

// Cosign takes the config's media type for the artifact type, so a bundle is listed as an empty config, and leaves the
// annotations out.
function cosignEntry({ mediaType, bytes, digest }: Artifact): object {
  const config = objectField(parseJsonObject(bytes) ?? {}, "config") ?? {};
  return { mediaType, size: bytes.length, digest, artifactType: stringField(config, "mediaType") };
}

function orasEntry({ mediaType, bytes, digest }: Artifact): object {
  const document = parseJsonObject(bytes) ?? {};
  const artifactType = stringField(document, "artifactType") ?? stringField(objectField(document, "config") ?? {}, "mediaType");
  const annotations = Object.fromEntries(stringMapField(document, "annotations"));
  return { mediaType, digest, size: bytes.length, annotations, artifactType };
}
