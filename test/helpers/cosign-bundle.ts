import type { Digest } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { type Artifact, artifact, describe, jsonBytes } from "./images.ts";
import { attestStatement, IN_TOTO, preAuthenticationEncoding, signStatement, SLSA_PROVENANCE, type Statement } from "./in-toto.ts";
import { describeSubject, pushReferrer, type SubjectDescriptor, type TagWriter } from "./referrer.ts";
import type { RegistryDouble } from "./registry-double.ts";
import type { SigningKey } from "./signing-key.ts";

/** A Sigstore bundle v0.3 by a key, without a log entry. */
export interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}

/** How cosign 3 was called, and what an attacker changes about its result. */
export interface BundleOptions {
  readonly key: SigningKey;
  /** `COSIGN_REPOSITORY`: where the bundle goes; beside the image when absent. */
  readonly into?: string;
  /** The digests that the statement names; the subject's when absent. */
  readonly claims?: string | readonly string[];
  /** Anything about the statement, before it is signed. */
  readonly statement?: (statement: Statement) => unknown;
  /** The envelope's payload, in place of a statement. It is signed as it is. */
  readonly payload?: Uint8Array;
  readonly payloadType?: string;
  /** Anything about the bundle, after it was signed; bytes are taken as they are. */
  readonly bundle?: (bundle: Bundle) => unknown;
  /** The predicate type in the manifest's annotation, which nobody signs; the statement's own when absent. */
  readonly announces?: string;
  /** Of the manifest and of its layer. */
  readonly artifactType?: string;
  /** RFC 3339, to the second; the referrer's annotation. */
  readonly created?: string;
  readonly writer?: TagWriter;
}

export interface BundleSignatureOptions extends BundleOptions {
  /** `-a env=prod`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The statement's; that of `cosign sign` when absent. */
  readonly predicateType?: string;
}

export interface BundleAttestationOptions extends BundleOptions {
  readonly reference?: string;
  /** `https://slsa.dev/provenance/v1` when absent. */
  readonly predicateType?: string;
  readonly predicate?: unknown;
}

export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY = "application/vnd.oci.empty.v1+json";

/**
 * Signs as cosign 3: a referrer with a Sigstore bundle, listed by the referrers API or under the referrers tag. Signing
 * again adds a referrer. Returns the referrer's digest.
 */
export function signBundle(registry: RegistryDouble, repository: string, subject: Digest, options: BundleSignatureOptions): Digest {
  const statement = signStatement([options.claims ?? subject].flat(), options.annotations ?? {});
  const { predicateType = statement.predicateType } = options;
  return attach(registry, repository, subject, { statement: { ...statement, predicateType }, options });
}

/** The bytes of a bundle that `cosign sign` would attach to a digest. */
export function bundleOf(subject: Digest, options: BundleSignatureOptions): Uint8Array {
  return bundleBytes(signStatement([options.claims ?? subject].flat(), options.annotations ?? {}), options);
}

/** Attests as cosign 3: like a signature, but the statement has another predicate. Returns the referrer's digest. */
export function attestBundle(registry: RegistryDouble, repository: string, subject: Digest, options: BundleAttestationOptions): Digest {
  const { predicateType = SLSA_PROVENANCE, predicate = {} } = options;
  const name = options.reference ?? `${registry.host}/${repository}`;
  const statement = attestStatement(name, [options.claims ?? subject].flat(), predicateType, predicate);
  return attach(registry, repository, subject, { statement, options });
}

interface Attachment {
  readonly statement: Statement;
  readonly options: BundleOptions;
}

function attach(registry: RegistryDouble, repository: string, subject: Digest, { statement, options }: Attachment): Digest {
  const referrer = bundleReferrer(describeSubject(registry, repository, subject), {
    bytes: bundleBytes(statement, options),
    predicateType: options.announces ?? statement.predicateType,
    artifactType: options.artifactType ?? BUNDLE,
    created: options.created ?? "2026-11-23T17:00:00Z",
  });
  return pushReferrer(registry, options.into ?? repository, referrer, options.writer ?? "cosign");
}

function bundleBytes(statement: Statement, options: BundleOptions): Uint8Array {
  const { key, payloadType = IN_TOTO, statement: change = (same: Statement) => same } = options;
  const payload = options.payload ?? jsonBytes(change(statement));
  const sig = key.sign(preAuthenticationEncoding(payloadType, payload), "bundle");
  const bundle = {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: key.hint } },
    dsseEnvelope: { payload: Buffer.from(payload).toString("base64"), payloadType, signatures: [{ sig }] },
  };
  const changed = options.bundle === undefined ? bundle : options.bundle(bundle);
  return changed instanceof Uint8Array ? changed : jsonBytes(changed);
}

interface BundleLayer {
  readonly bytes: Uint8Array;
  readonly predicateType: string;
  readonly artifactType: string;
  readonly created: string;
}

function bundleReferrer(subject: SubjectDescriptor, { bytes, predicateType, artifactType, created }: BundleLayer): Artifact {
  const config = jsonBytes({});
  return artifact([config, bytes], {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    // Cosign repeats the artifact type inside the config's descriptor, where no specification has it.
    config: { ...describe(EMPTY, config), artifactType },
    layers: [describe(artifactType, bytes)],
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": predicateType,
      "org.opencontainers.image.created": created,
    },
    subject,
    artifactType,
  });
}
