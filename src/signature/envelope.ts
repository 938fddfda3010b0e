import { arrayField, isObject, parseDocumentObject, stringField } from "../json.ts";
import { decodeBase64 } from "./base64.ts";
import type { Claim, Envelope } from "./candidate.ts";
import { contentId } from "./content-id.ts";
import { decodeStatement, SIGN_PREDICATE } from "./statement.ts";

/** More signatures on one envelope are somebody's attack on our time. */
const MAX_SIGNATURES = 10;

/**
 * Decodes a layer of cosign 2's `.att` manifest: a DSSE envelope around an in-toto statement. What the layer's annotations
 * say of the predicate is not looked at, since nobody has signed it. A statement with cosign's *sign* predicate is no
 * attestation.
 */
export function decodeAttestation(bytes: Uint8Array): Claim {
  const envelope = decodeEnvelope(bytes);
  const statement = envelope === undefined ? undefined : decodeStatement(envelope);
  if (envelope === undefined || statement === undefined) return { kind: "unreadable", reason: "Malformed" };
  if (statement.predicateType === SIGN_PREDICATE) return { kind: "instead" };
  return { kind: "attests", ...statement, document: { kind: "envelope", id: contentId("envelope", [bytes]), envelope } };
}

function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const value = parseDocumentObject(bytes);
  if (value === undefined) return undefined;
  const payload = decodeBase64(stringField(value, "payload") ?? "");
  const payloadType = stringField(value, "payloadType");
  const signatures = (arrayField(value, "signatures") ?? []).slice(0, MAX_SIGNATURES).flatMap((entry) => {
    const signature = isObject(entry) ? decodeBase64(stringField(entry, "sig") ?? "") : undefined;
    return signature === undefined || signature.length === 0 ? [] : [signature];
  });
  return payload === undefined || payloadType === undefined || signatures.length === 0 ? undefined : { payloadType, payload, signatures };
}
