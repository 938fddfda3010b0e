import type { Digest } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { artifact, describe, jsonBytes } from "./images.ts";
import { describeSubject, pushReferrer, type SubjectDescriptor } from "./referrer.ts";
import type { RegistryDouble } from "./registry-double.ts";

export const NOTATION = "application/vnd.cncf.notary.signature";
export const SPDX = "application/spdx+json";
const EMPTY = "application/vnd.oci.empty.v1+json";
const CREATED = "2026-11-23T17:00:00Z";

/** A referrer as `notation sign` writes it. The envelope has the form of a signature, but nobody has signed it. */
export function notationSignature(registry: RegistryDouble, repository: string, subject: Digest): Digest {
  const described = describeSubject(registry, repository, subject);
  const config = jsonBytes({});
  const envelope = jsonWebSignature(described);
  const referrer = artifact([config, envelope], {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describeForOras(NOTATION, config),
    layers: [describeForOras("application/jose+json", envelope)],
    subject: orasOrder(described),
    annotations: { "io.cncf.notary.x509chain.thumbprint#S256": `["${"46".repeat(32)}"]`, "org.opencontainers.image.created": CREATED },
  });
  return pushReferrer(registry, repository, referrer, "oras");
}

/** A referrer as `oras attach --artifact-type application/spdx+json` writes it. */
export function sbomReferrer(registry: RegistryDouble, repository: string, subject: Digest): Digest {
  const config = jsonBytes({});
  const sbom = jsonBytes({ spdxVersion: "SPDX-2.3", SPDXID: "SPDXRef-DOCUMENT", name: `${repository}@${subject}` });
  const referrer = artifact([config, sbom], {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: SPDX,
    config: { ...describeForOras(EMPTY, config), data: "e30=" },
    layers: [{ ...describeForOras(SPDX, sbom), annotations: { "org.opencontainers.image.title": "sbom.spdx.json" } }],
    subject: orasOrder(describeSubject(registry, repository, subject)),
    annotations: { "org.opencontainers.image.created": CREATED },
  });
  return pushReferrer(registry, repository, referrer, "oras");
}

function jsonWebSignature({ mediaType, digest, size }: SubjectDescriptor): Uint8Array {
  const scheme = "io.cncf.notary.signingScheme";
  const header = {
    alg: "PS256",
    crit: [scheme],
    cty: "application/vnd.cncf.notary.payload.v1+json",
    [scheme]: "notary.x509",
    "io.cncf.notary.signingTime": CREATED,
  };
  return jsonBytes({
    payload: base64url(jsonBytes({ targetArtifact: { digest, mediaType, size } })),
    protected: base64url(jsonBytes(header)),
    header: { x5c: [], "io.cncf.notary.signingAgent": "notation-go/1.3.2" },
    signature: base64url(Buffer.alloc(256)),
  });
}

function describeForOras(mediaType: string, bytes: Uint8Array): object {
  return orasOrder(describe(mediaType, bytes));
}

// oras and notation write a descriptor's keys in another order than cosign.
function orasOrder({ mediaType, digest, size }: SubjectDescriptor): object {
  return { mediaType, digest, size };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
