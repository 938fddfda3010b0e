import { field, isObject, type JsonObject, objectField } from "../json.ts";
import type { Problem } from "../schema/problem.ts";
import { type DecodedPolicy, decodePolicy, secretRefsOf } from "../trust/decode.ts";
import { resolvePolicy, type SecretText } from "../trust/resolve.ts";
import { type PolicyKind, problemLine } from "../trust/trust-policy.ts";
import { type Decision, refuseFor } from "./decision.ts";
import type { Limit } from "./limit.ts";
import type { PolicySecrets } from "./ports.ts";
import type { Review } from "./review.ts";

export interface PolicyRequest {
  readonly review: Review;
  readonly kind: PolicyKind;
  readonly limit: Limit;
}

export interface PolicyParts {
  readonly secrets: PolicySecrets;
  /** The namespace whose Secrets a ClusterTrustPolicy may name. */
  readonly installationNamespace: string;
}

/**
 * Admits a trust policy that is created or changed (design, section 7). What cannot be read is refused, with the field's
 * path, unless it was there before. A Secret that is not there yet may come a moment later, so it draws a warning; one
 * that holds no key is refused.
 */
export async function admitPolicy({ review, kind, limit }: PolicyRequest, { secrets, installationNamespace }: PolicyParts): Promise<Decision> {
  if (!isObject(review.object)) return refuseFor({ reason: "InvalidRequest", field: "object", message: "the policy cannot be decoded (InvalidRequest)" });
  const policy = decodePolicy(kind, placed(review.object, review), installationNamespace);
  if (isUnchanged(review)) return admitted(policy.spec.kind === "unreadable" ? policy.spec.problems.map(problemLine) : []);
  if (policy.spec.kind === "unreadable") return refused(policy.spec.problems);
  const texts = await readSecrets(policy, secrets, limit);
  const missing = [...texts.values()].flatMap((text) => (text.kind === "text" ? [] : [`${text.message}; until it is there, this policy refuses every image that it governs`]));
  if (missing.length > 0) return admitted([...remarks(policy), ...new Set(missing)]);
  const { state } = resolvePolicy(policy, (ref) => texts.get(JSON.stringify(ref)) ?? UNREAD);
  return state.kind === "invalid" ? refused(state.problems) : admitted(remarks(policy));
}

const UNREAD: SecretText = { kind: "unknown", message: "the Secret was not read" };

async function readSecrets(policy: DecodedPolicy, secrets: PolicySecrets, limit: Limit): Promise<ReadonlyMap<string, SecretText>> {
  const late = (): SecretText => ({ kind: "unknown", message: "the Secrets of this policy could not be read in time" });
  const read = secretRefsOf(policy).map(async (ref) => [JSON.stringify(ref), await limit.race(() => secrets.read(ref, limit.call), late)] as const);
  return new Map(await Promise.all(read));
}

// What somebody has not touched is not held against them: a label or a finalizer must go through.
function isUnchanged({ operation, object, oldObject }: Review): boolean {
  const spec = (value: unknown): string => JSON.stringify(isObject(value) ? (field(value, "spec") ?? null) : undefined);
  return operation === "UPDATE" && isObject(oldObject) && spec(object) === spec(oldObject);
}

// The name and the namespace in a review's object are what its author wrote; those of the request are where it goes.
function placed(object: JsonObject, { name, namespace }: Review): JsonObject {
  return { ...object, metadata: { ...objectField(object, "metadata"), name, namespace } };
}

function remarks({ globs }: DecodedPolicy): readonly string[] {
  return globs.flatMap(({ text, target }) =>
    target?.kind === "tag" ? [`spec.images: ${text} governs references by that tag alone; whoever names the image by its digest is not governed by it`] : [],
  );
}

function admitted(warnings: readonly string[]): Decision {
  return { kind: "allow", reason: "Admitted", warnings, annotations: {} };
}

function refused(problems: readonly Problem[]): Decision {
  const causes = problems.map(({ path, message }) => ({ reason: "InvalidPolicy" as const, field: path, message }));
  return { kind: "invalid", reason: "InvalidPolicy", causes, notes: [], annotations: { error: problems.map(problemLine) } };
}
