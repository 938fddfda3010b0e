import { type JsonObject, objectField } from "../../json.ts";
import { type DecodedPolicy, decodePolicy } from "../../trust/decode.ts";
import { POLICY_GROUP, POLICY_VERSION } from "../../trust/schema.ts";
import { type PolicyKind, POLICY_RESOURCES } from "../../trust/trust-policy.ts";
import { ClusterError } from "./cluster-error.ts";
import { versionOf } from "./list-pages.ts";
import { type PolicyStatus, readStatus } from "./policy-status.ts";

/** A policy as the API server has it. Another one each time that it changes. */
export interface KnownPolicy {
  readonly decoded: DecodedPolicy;
  readonly resourceVersion: string;
  readonly status: PolicyStatus;
}

/** The path of a collection: of the whole cluster, or of one namespace (object-name.ts). */
export function policiesPath(kind: PolicyKind, namespace?: string): readonly string[] {
  const scope = namespace === undefined ? [] : ["namespaces", namespace];
  return ["apis", POLICY_GROUP, POLICY_VERSION, ...scope, POLICY_RESOURCES[kind]];
}

/** Key and policy. `installation` is the namespace whose Secrets a ClusterTrustPolicy names. Throws ClusterError (Malformed). */
export function parsePolicy(kind: PolicyKind, object: JsonObject, installation: string): readonly [key: string, policy: KnownPolicy] {
  const decoded = decodePolicy(kind, object, installation);
  const { namespace, name } = decoded.id;
  if (name === "" || namespace === "") throw new ClusterError("Malformed", `the API server's answer has a ${kind} without a name or namespace`);
  const resourceVersion = versionOf(objectField(object, "metadata") ?? {});
  return [namespace === undefined ? name : `${namespace}/${name}`, { decoded, resourceVersion, status: readStatus(object) }];
}
