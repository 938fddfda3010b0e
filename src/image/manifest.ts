import { CodedError } from "../errors.ts";
import { arrayField, field, isObject, type JsonObject, objectField, parseDocument, stringField, stringMapField } from "../json.ts";
import { computeDigest, type Digest, parseDigest } from "./digest.ts";
import { lookalikesOf } from "./lookalikes.ts";
import { documentKindOf } from "./media-type.ts";
import { decodePlatform, type Platform } from "./platform.ts";

/** What an index or a manifest says of another document (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly platform: Platform | undefined;
}

export interface ImageManifest {
  readonly kind: "manifest";
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly manifestSubject: Digest | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

// The fields of the image-spec that a runtime reads, ours and those that it acts on besides.
const hasDocumentLookalike = lookalikesOf(["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"]);
const hasDescriptorLookalike = lookalikesOf(["mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"]);
const hasPlatformLookalike = lookalikesOf(["architecture", "os", "os.version", "os.features", "variant", "features"]);

/** Bytes that are not what they claim to be. The message quotes nothing that the registry wrote. */
export class ManifestError extends CodedError<"Malformed"> {}

/**
 * Decodes a manifest's bytes. `contentType` is the media type of the answer that carried them, undefined where there is
 * none (a cached blob). It must agree with the document's own `mediaType` and with the document's kind, so that no
 * bytes are an index to one reader and a manifest to another (CVE-2021-41190). The digest is computed here.
 */
export function decodeManifest(bytes: Uint8Array, contentType: string | undefined, digest?: Digest): Manifest {
  const document = readDocument(bytes);
  const mediaType = agreedMediaType(document, contentType);
  const computed = digest ?? computeDigest("sha256", bytes);
  return documentKindOf(mediaType) === "index"
    ? decodeIndex(document, mediaType, computed)
    : decodeImageManifest(document, mediaType, computed);
}

/** Decodes one descriptor; throws ManifestError naming `where`, the place of it in its document. */
export function decodeDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw malformed(`${where} is not an object`);
  if (hasDescriptorLookalike(value)) throw malformed(`${where} has two readings`);
  const mediaType = stringField(value, "mediaType");
  if (mediaType === undefined) throw malformed(`${where} has no mediaType`);
  const digest = parseDigest(stringField(value, "digest") ?? "");
  if (digest === undefined) throw malformed(`${where} has no sha256 or sha512 digest`);
  const size = field(value, "size");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw malformed(`${where} has no size`);
  const platform = objectField(value, "platform");
  if (platform !== undefined && hasPlatformLookalike(platform)) throw malformed(`the platform of ${where} has two readings`);
  return {
    mediaType,
    digest,
    size,
    artifactType: stringField(value, "artifactType"),
    annotations: stringMapField(value, "annotations"),
    platform: platform === undefined ? undefined : decodePlatform(platform),
  };
}

function readDocument(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = parseDocument(bytes);
  } catch {
    // The parser's own message quotes the document, and what a registry wrote belongs into no log.
    throw malformed("the manifest is not JSON");
  }
  if (!isObject(value)) throw malformed("the manifest is not a JSON object");
  if (hasDocumentLookalike(value)) throw malformed("the manifest has a field in other letters, which others read as the field itself");
  if (field(value, "schemaVersion") !== 2) throw malformed("the manifest's schemaVersion is not 2");
  return value;
}

function agreedMediaType(document: JsonObject, contentType: string | undefined): string {
  const own = stringField(document, "mediaType");
  if (own !== undefined && contentType !== undefined && own !== contentType) {
    throw malformed("the manifest's mediaType is not the Content-Type that it came with");
  }
  const mediaType = own ?? contentType ?? "";
  const kind = documentKindOf(mediaType);
  if (kind === undefined) throw malformed("the media type is not that of an image manifest or index");
  const hasManifests = Object.hasOwn(document, "manifests");
  const hasLayers = Object.hasOwn(document, "layers") || Object.hasOwn(document, "config");
  if (hasManifests && hasLayers) throw malformed("the document is both an index and a manifest");
  if (kind === "index" ? !hasManifests : !hasLayers) throw malformed("the media type and the document disagree");
  return mediaType;
}

function decodeIndex(document: JsonObject, mediaType: string, digest: Digest): ImageIndex {
  const manifests = arrayField(document, "manifests");
  if (manifests === undefined) throw malformed("the index's manifests is not a list");
  return { kind: "index", digest, mediaType, manifests: manifests.map((value, i) => decodeDescriptor(value, `manifests[${i}]`)) };
}

function decodeImageManifest(document: JsonObject, mediaType: string, digest: Digest): ImageManifest {
  const layers = arrayField(document, "layers");
  if (layers === undefined) throw malformed("the manifest's layers is not a list");
  const subject = objectField(document, "subject");
  return {
    kind: "manifest",
    digest,
    mediaType,
    artifactType: stringField(document, "artifactType"),
    config: decodeDescriptor(field(document, "config"), "config"),
    layers: layers.map((value, i) => decodeDescriptor(value, `layers[${i}]`)),
    manifestSubject: subject === undefined ? undefined : decodeDescriptor(subject, "subject").digest,
    annotations: stringMapField(document, "annotations"),
  };
}

function malformed(message: string): ManifestError {
  return new ManifestError("Malformed", message);
}
