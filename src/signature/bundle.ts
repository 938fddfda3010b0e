import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { type Digest, parseDigest } from "../image/digest.ts";
import { arrayField, isObject, type JsonObject, objectField, parseJson, stringField } from "../json.ts";
import { SIGN_PREDICATE } from "./accessory.ts";
import type { Claim, Layout } from "./candidate.ts";
import { isBundle } from "./media-type.ts";

/** What a bundle turned out to be: a signature, or an attestation in the same wrapping. */
export interface DecodedBundle {
  readonly layout: Extract<Layout, "bundle" | "attestation">;
  readonly claim: Claim;
}

const IN_TOTO = "application/vnd.in-toto+json";

/**
 * Decodes a Sigstore bundle v0.3 as cosign 3 attaches it: one DSSE envelope with one signature around an in-toto
 * statement. Only a statement with cosign's *sign* predicate type is a signature; every other one is an attestation,
 * whatever the registry's annotations say.
 */
export function decodeBundle(bytes: Uint8Array): DecodedBundle {
  const statement = statementOf(bytes);
  if (statement === undefined) return { layout: "bundle", claim: { kind: "unreadable", reason: "Malformed" } };
  const predicateType = stringField(statement, "predicateType") ?? "";
  if (predicateType !== SIGN_PREDICATE) return { layout: "attestation", claim: { kind: "instead" } };
  const digests = subjectsOf(statement);
  if (digests.length === 0) return { layout: "bundle", claim: { kind: "unreadable", reason: "Malformed" } };
  return { layout: "bundle", claim: { kind: "claims", digests, document: { kind: "bundle", bytes, predicateType } } };
}

function statementOf(bytes: Uint8Array): JsonObject | undefined {
  try {
    const bundle = bundleFromJSON(parseJson(bytes));
    const payload = payloadOf(bundle);
    const statement = payload === undefined ? undefined : parseJson(payload);
    return isObject(statement) ? statement : undefined;
  } catch {
    // The library throws errors of several classes for bytes that are no bundle; all of them mean the same.
    return undefined;
  }
}

function payloadOf(bundle: Bundle): Uint8Array | undefined {
  if (!isBundle(bundle.mediaType) || bundle.content.$case !== "dsseEnvelope") return undefined;
  const envelope = bundle.content.dsseEnvelope;
  const isSigned = envelope.signatures.length === 1 && (envelope.signatures[0]?.sig.length ?? 0) > 0;
  return isSigned && envelope.payloadType === IN_TOTO ? envelope.payload : undefined;
}

function subjectsOf(statement: JsonObject): readonly Digest[] {
  const digests: Digest[] = [];
  for (const subject of arrayField(statement, "subject") ?? []) {
    const set = isObject(subject) ? objectField(subject, "digest") : undefined;
    for (const algorithm of ["sha256", "sha512"]) {
      const digest = set === undefined ? undefined : parseDigest(`${algorithm}:${stringField(set, algorithm) ?? ""}`);
      if (digest !== undefined) digests.push(digest);
    }
  }
  return digests;
}
