import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";
import type { PolicyKind } from "../../trust/trust-policy.ts";
import { metadataOf } from "./workload.ts";

/** What the condition Ready of a trust policy says. */
export interface PolicyState {
  readonly kind: PolicyKind;
  /** Empty for a ClusterTrustPolicy. */
  readonly namespace: string;
  readonly name: string;
  readonly ready: "True" | "False" | "NotLookedAt";
  readonly message: string;
}

export function readPolicy(kind: PolicyKind, object: JsonObject): PolicyState {
  const { namespace, name } = metadataOf(object);
  const conditions = (arrayField(objectField(object, "status") ?? {}, "conditions") ?? []).filter(isObject);
  const condition = conditions.find((each) => each["type"] === "Ready") ?? {};
  const status = stringField(condition, "status");
  return { kind, namespace, name, ready: status === "True" || status === "False" ? status : "NotLookedAt", message: stringField(condition, "message") ?? "" };
}
