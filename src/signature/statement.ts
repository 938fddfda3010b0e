import { type Digest, parseDigest } from "../image/digest.ts";
import { arrayField, isObject, type JsonObject, objectField, parseDocumentObject, stringField } from "../json.ts";
import type { Envelope } from "./candidate.ts";

/** The predicate type of a statement that is a signature (cosign 3). */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/** What an in-toto statement says: something of this type, about these digests. */
export interface Statement {
  readonly predicateType: string;
  readonly digests: readonly Digest[];
}

const IN_TOTO = "application/vnd.in-toto+json";
const STATEMENT_TYPES: ReadonlySet<unknown> = new Set(["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"]);

/**
 * Decodes an envelope's statement (in-toto attestation framework, "Statement"); undefined for anything else, and for one
 * without subject. An attestation needs a predicate, which is all that it has to say; cosign 2's signatures have none.
 */
export function decodeStatement({ payloadType, payload }: Envelope): Statement | undefined {
  if (payloadType !== IN_TOTO) return undefined;
  const statement = parseDocumentObject(payload);
  if (statement === undefined || !STATEMENT_TYPES.has(statement["_type"])) return undefined;
  const predicateType = stringField(statement, "predicateType") ?? "";
  const digests = subjectsOf(statement);
  const hasPredicate = predicateType === SIGN_PREDICATE || objectField(statement, "predicate") !== undefined;
  const isWhole = predicateType !== "" && hasPredicate && digests.length > 0;
  return isWhole ? { predicateType, digests } : undefined;
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
