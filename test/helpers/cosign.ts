import type { Digest } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { arrayField, isObject, parseJsonObject, stringField } from "../../src/json.ts";
import { type Artifact, artifact, describe, jsonBytes, push } from "./images.ts";
import { attestStatement, IN_TOTO, preAuthenticationEncoding, SLSA_PROVENANCE } from "./in-toto.ts";
import { describeSubject, digestTag, pushReferrer, type TagWriter } from "./referrer.ts";
import type { RegistryDouble } from "./registry-double.ts";
import type { SigningKey } from "./signing-key.ts";

/** How `cosign sign` was called, and what an attacker changes about its result. */
export interface SimpleSigningOptions {
  readonly key: SigningKey;
  /** `-a env=prod`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** `COSIGN_REPOSITORY`: where the signature goes; beside the image when absent. */
  readonly into?: string;
  /** The digest in the payload; the subject's when absent. */
  readonly claims?: string;
  /** The payload's `docker-reference`; the repository's name when absent. */
  readonly reference?: string;
  /** The payload's `critical.type`. */
  readonly type?: string;
  /** The payload's bytes, in place of all of the above. They are signed as they are. */
  readonly payload?: Uint8Array;
  /** The signature annotation, in place of a real signature. */
  readonly signature?: string;
  /** Further annotations of the layer. */
  readonly layerAnnotations?: Readonly<Record<string, string>>;
}

export interface LegacyAttestationOptions {
  readonly key: SigningKey;
  readonly into?: string;
  readonly claims?: string | readonly string[];
  readonly reference?: string;
  /** `https://slsa.dev/provenance/v1` when absent. */
  readonly predicateType?: string;
  readonly predicate?: unknown;
  readonly payload?: Uint8Array;
  /** The envelope's signature, in place of a real one. */
  readonly signature?: string;
}

export const COSIGN_TYPE = "cosign container image signature";
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
export const COSIGN_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const ENVELOPE = "application/vnd.dsse.envelope.v1+json";
const IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json";
const CREATED = "0001-01-01T00:00:00Z";

interface Layer {
  readonly descriptor: object;
  readonly digest: Digest;
  readonly blob?: Uint8Array;
}

/** `sha256-<hex>.sig`. */
export function sigTag(subject: Digest): string {
  return `${digestTag(subject)}.sig`;
}

/** `sha256-<hex>.att`. */
export function attTag(subject: Digest): string {
  return `${digestTag(subject)}.att`;
}

/**
 * Signs as cosign 2: a layer in the manifest under the `.sig` tag. Signing again adds a layer, also where cosign would
 * see that it has signed this already. Returns the digest of the `.sig` manifest.
 */
export function signLegacy(registry: RegistryDouble, repository: string, subject: Digest, options: SimpleSigningOptions): Digest {
  return addLayer(registry, options.into ?? repository, sigTag(subject), signedLayer(registry, repository, subject, options));
}

/** Signs as cosign in its `oci-1-1` mode: a referrer with one simple-signing layer. Returns the referrer's digest. */
export function signOci11(registry: RegistryDouble, repository: string, subject: Digest, options: SimpleSigningOptions & { readonly writer?: TagWriter }): Digest {
  const layer = signedLayer(registry, repository, subject, options);
  const referrer = layered([layer], { config: COSIGN_ARTIFACT, subject: describeSubject(registry, repository, subject) });
  return pushReferrer(registry, options.into ?? repository, referrer, options.writer ?? "cosign");
}

/** Attests as cosign 2: an envelope in the manifest under the `.att` tag. Returns the digest of that manifest. */
export function attestLegacy(registry: RegistryDouble, repository: string, subject: Digest, options: LegacyAttestationOptions): Digest {
  const { predicateType = SLSA_PROVENANCE, predicate = {}, claims = subject } = options;
  const name = options.reference ?? `${registry.host}/${repository}`;
  const statement = attestStatement(name, [claims].flat(), predicateType, predicate);
  // Cosign 2 writes the keys of a statement in another order than cosign 3.
  const ordered = { _type: statement._type, predicateType, subject: statement.subject, predicate };
  const payload = options.payload ?? jsonBytes(ordered);
  const sig = options.signature ?? options.key.sign(preAuthenticationEncoding(IN_TOTO, payload), "legacy");
  const envelope = jsonBytes({ payloadType: IN_TOTO, payload: Buffer.from(payload).toString("base64"), signatures: [{ keyid: "", sig }] });
  const layer = layerOf(ENVELOPE, envelope, { [SIGNATURE]: "", predicateType });
  return addLayer(registry, options.into ?? repository, attTag(subject), layer);
}

/** The simple-signing document that cosign signs, byte for byte. */
export function simpleSigningPayload(claims: string, reference: string, options: Pick<SimpleSigningOptions, "annotations" | "type"> = {}): Uint8Array {
  return jsonBytes({
    critical: {
      identity: { "docker-reference": reference },
      image: { "docker-manifest-digest": claims },
      type: options.type ?? COSIGN_TYPE,
    },
    optional: options.annotations ?? null,
  });
}

function signedLayer(registry: RegistryDouble, repository: string, subject: Digest, options: SimpleSigningOptions): Layer {
  const reference = options.reference ?? `${registry.host}/${repository}`;
  const payload = options.payload ?? simpleSigningPayload(options.claims ?? subject, reference, options);
  const signature = options.signature ?? options.key.sign(payload, "legacy");
  return layerOf(SIMPLE_SIGNING, payload, { [SIGNATURE]: signature, ...options.layerAnnotations });
}

function layerOf(mediaType: string, blob: Uint8Array, annotations: Readonly<Record<string, string>>): Layer {
  const descriptor = describe(mediaType, blob);
  return { descriptor: { ...descriptor, annotations }, digest: descriptor.digest, blob };
}

function addLayer(registry: RegistryDouble, repository: string, tag: string, layer: Layer): Digest {
  const present = parseJsonObject(registry.manifest(repository, tag)?.bytes ?? new Uint8Array());
  const layers = (arrayField(present ?? {}, "layers") ?? []).filter(isObject);
  const kept = layers.map((descriptor) => ({ descriptor, digest: stringField(descriptor, "digest") as Digest }));
  return push(registry, repository, layered([...kept, layer], { config: IMAGE_CONFIG }), tag);
}

// Cosign builds its manifests as images whose layers are the payloads, with a config that lists them.
function layered(layers: readonly Layer[], { config, subject }: { config: string; subject?: object }): Artifact {
  const configBlob = jsonBytes({
    architecture: "",
    created: CREATED,
    history: layers.map(() => ({ created: CREATED })),
    os: "",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    config: {},
  });
  const blobs = layers.flatMap(({ blob }) => blob ?? []);
  return artifact([configBlob, ...blobs], {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(config, configBlob),
    layers: layers.map(({ descriptor }) => descriptor),
    ...(subject === undefined ? {} : { subject }),
  });
}
