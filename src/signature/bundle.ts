import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { field, isObject, objectField, parseDocument } from "../json.ts";
import type { BundleDocument, Claim, Layout } from "./candidate.ts";
import { contentId } from "./content-id.ts";
import { isBundle } from "./media-type.ts";
import { decodeStatement, SIGN_PREDICATE } from "./statement.ts";

/** What a bundle turned out to be: a signature, or an attestation in the same wrapping. */
export interface DecodedBundle {
  readonly layout: Extract<Layout, "bundle" | "attestation">;
  readonly claim: Claim;
}

/**
 * Decodes a Sigstore bundle v0.3 as cosign 3 attaches it: one DSSE envelope with one signature around an in-toto
 * statement. Only a statement with cosign's *sign* predicate type is a signature; every other one is an attestation,
 * whatever the registry's annotations say.
 */
export function decodeBundle(bytes: Uint8Array): DecodedBundle {
  const document = documentOf(bytes);
  const statement = document === undefined ? undefined : decodeStatement(document.envelope);
  if (document === undefined || statement === undefined) return { layout: "bundle", claim: { kind: "unreadable", reason: "Malformed" } };
  const { predicateType, digests } = statement;
  if (predicateType !== SIGN_PREDICATE) return { layout: "attestation", claim: { kind: "attests", digests, predicateType, document } };
  return { layout: "bundle", claim: { kind: "claims", digests, document } };
}

function documentOf(bytes: Uint8Array): BundleDocument | undefined {
  try {
    const json = parseDocument(bytes);
    return isAmbiguous(json) ? undefined : readBundle(bundleFromJSON(json), bytes);
  } catch {
    // The library throws errors of several classes for bytes that are no bundle; all of them mean the same.
    return undefined;
  }
}

function readBundle({ mediaType, content, verificationMaterial }: Bundle, bytes: Uint8Array): BundleDocument | undefined {
  if (!isBundle(mediaType) || content.$case !== "dsseEnvelope") return undefined;
  const { payload, payloadType, signatures } = content.dsseEnvelope;
  const [signature, ...others] = signatures.map(({ sig }) => sig);
  if (signature === undefined || signature.length === 0 || others.length > 0) return undefined;
  const material = verificationMaterial.content.$case === "publicKey" ? "public-key" : "certificate";
  return { kind: "bundle", id: contentId("bundle", [bytes]), envelope: { payloadType, payload, signatures: [signature] }, material };
}

const MATERIALS = ["publicKey", "certificate", "x509CertificateChain"] as const;

// The library takes the first of several; two programs must not verify one bundle in two ways.
function isAmbiguous(json: unknown): boolean {
  const material = isObject(json) ? objectField(json, "verificationMaterial") : undefined;
  return material !== undefined && MATERIALS.filter((name) => field(material, name) !== undefined).length > 1;
}
