import { LRUCache } from "lru-cache";
import { CodedError } from "../../errors.ts";
import type { Policies } from "../../inspection/ports.ts";
import { type JsonObject, objectField, stringField } from "../../json.ts";
import { decodePolicy, type SecretRef } from "../../trust/decode.ts";
import { resolvePolicy, type SecretText } from "../../trust/resolve.ts";
import { POLICY_API_VERSION } from "../../trust/schema.ts";
import { POLICY_KINDS, type PolicyKind, type TrustPolicy } from "../../trust/trust-policy.ts";
import { noSecret, secretText } from "./policy-secret.ts";

/** Why objects of a file are no policies. The message names kind and object. */
export class PolicyFileError extends CodedError<"UnknownKind" | "NoName"> {}

interface PolicyObject {
  readonly kind: PolicyKind;
  readonly object: JsonObject;
}

const MAX_NAMESPACES = 1_000;

/**
 * Policies from files, and the Secrets beside them: no API server is asked. A TrustPolicy or a Secret without a namespace
 * is in whichever namespace is asked about, as if it were applied there (a Secret serves a ClusterTrustPolicy too). What
 * is wrong with a policy makes it invalid, as in the cluster.
 */
export class ConfiguredPolicies implements Policies {
  readonly #policies: readonly PolicyObject[];
  readonly #secrets: readonly JsonObject[];
  readonly #installation: string;
  readonly #resolved = new LRUCache<string, readonly TrustPolicy[]>({ max: MAX_NAMESPACES });

  /** `installation`: the namespace whose Secrets a ClusterTrustPolicy names. Throws PolicyFileError. */
  constructor(objects: readonly JsonObject[], installation: string) {
    for (const object of objects) refuseUnknown(object);
    this.#policies = POLICY_KINDS.flatMap((kind) => objects.filter((object) => object["kind"] === kind).map((object) => ({ kind, object })));
    this.#secrets = objects.filter(({ kind }) => kind === "Secret");
    this.#installation = installation;
  }

  async policiesFor(namespace: string): Promise<readonly TrustPolicy[]> {
    const kept = this.#resolved.get(namespace);
    if (kept !== undefined) return kept;
    const resolved = this.#resolve(namespace);
    this.#resolved.set(namespace, resolved);
    return resolved;
  }

  #resolve(namespace: string): readonly TrustPolicy[] {
    return this.#policies
      .filter(({ kind, object }) => kind === "ClusterTrustPolicy" || isIn(namespace, object))
      .map(({ kind, object }) => decodePolicy(kind, { ...object, metadata: { ...objectField(object, "metadata"), namespace } }, this.#installation))
      .map((decoded) => resolvePolicy(decoded, (ref) => this.#text(ref)));
  }

  #text(ref: SecretRef): SecretText {
    const secret = this.#secrets.findLast((object) => nameOf(object) === ref.name && isIn(ref.namespace, object));
    return secret === undefined ? noSecret(ref) : secretText(secret, ref);
  }
}

const API_VERSIONS: ReadonlyMap<string, string> = new Map<string, string>([...POLICY_KINDS.map((kind) => [kind, POLICY_API_VERSION] as const), ["Secret", "v1"]]);

function refuseUnknown(object: JsonObject): void {
  const [kind, version, name] = [stringField(object, "kind") ?? "", stringField(object, "apiVersion") ?? "", nameOf(object)];
  if (API_VERSIONS.get(kind) !== version) {
    const known = [...API_VERSIONS].map(([each, of]) => `${each} (${of})`).join(", ");
    throw new PolicyFileError("UnknownKind", `${JSON.stringify(kind)} ${JSON.stringify(name)} of apiVersion ${JSON.stringify(version)} is none of ${known}`);
  }
  if (name === "") throw new PolicyFileError("NoName", `a ${kind} has no metadata.name`);
}

function isIn(namespace: string, object: JsonObject): boolean {
  return [namespace, ""].includes(metadataText(object, "namespace"));
}

function nameOf(object: JsonObject): string {
  return metadataText(object, "name");
}

function metadataText(object: JsonObject, name: string): string {
  return stringField(objectField(object, "metadata") ?? {}, name) ?? "";
}
