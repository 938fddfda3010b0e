import type { JsonObject } from "../../src/json.ts";
import { decodePolicy } from "../../src/trust/decode.ts";
import { resolvePolicy, type SecretText } from "../../src/trust/resolve.ts";
import type { PolicyKind, TrustPolicy } from "../../src/trust/trust-policy.ts";
import type { SigningKey } from "./signing-key.ts";

export interface PolicyOptions {
  readonly kind?: PolicyKind;
  readonly name?: string;
  /** What each Secret holds, by `namespace/name`; one that is not here does not exist. */
  readonly secrets?: ReadonlyMap<string, SecretText>;
}

/** The smallest policy that can be used: it governs everything and wants one key. */
export function specOf(...keys: readonly SigningKey[]): Record<string, unknown> {
  return { images: [{ glob: "**" }], authorities: keys.map((key, i) => ({ name: `authority ${i}`, key: { data: key.publicKey } })) };
}

/** A policy with its keys, as the cluster would have it. */
export function policyOf(spec: object, { kind = "ClusterTrustPolicy", name = "release", secrets = new Map() }: PolicyOptions = {}): TrustPolicy {
  const object = { metadata: { name, namespace: "shop" }, spec } as unknown as JsonObject;
  const decoded = decodePolicy(kind, object, "pratique-system");
  return resolvePolicy(decoded, (ref) => secrets.get(`${ref.namespace}/${ref.name}`) ?? { kind: "absent", message: `there is no Secret ${ref.namespace}/${ref.name}` });
}

/** The paths of what is wrong with a policy; empty for one that can be used. */
export function problemsOf({ state }: TrustPolicy): readonly string[] {
  return state.kind === "invalid" ? state.problems.map(({ path }) => path) : [];
}
