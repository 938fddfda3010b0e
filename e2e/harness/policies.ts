// Trust policies in the cluster, and when Pratique acts by them.
import type { Cluster } from "./cluster.ts";
import { type Outcome, until } from "./process.ts";

export interface Policy {
  readonly name: string;
  /** A TrustPolicy of this namespace; a ClusterTrustPolicy without one. */
  readonly namespace?: string;
  readonly spec: object;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

/** `kubectl apply`, with more flags. */
export function applyPolicy(cluster: Cluster, policy: Policy, ...flags: readonly string[]): Promise<Outcome> {
  return cluster.kubectl(["apply", ...flags, "-f", "-"], { input: JSON.stringify(objectOf(policy)) });
}

export async function deletePolicy(cluster: Cluster, { name, namespace }: Pick<Policy, "name" | "namespace">): Promise<void> {
  const scope = namespace === undefined ? ["clustertrustpolicy"] : ["trustpolicy", "-n", namespace];
  const { status, stderr } = await cluster.kubectl(["delete", ...scope, name]);
  if (status !== 0) throw new Error(stderr);
}

export interface Waiting {
  readonly accept?: (condition: Condition) => boolean;
  readonly seconds?: number;
}

/** The condition `Ready`, once it is about what stands there now. */
export function ready(cluster: Cluster, policy: Pick<Policy, "name" | "namespace">, { accept = () => true, seconds = 30 }: Waiting = {}): Promise<Condition> {
  let last: unknown;
  return until(
    `Pratique has looked at policy ${policy.name}`,
    async () => {
      const { body } = await cluster.call("GET", pathOf(policy));
      last = body;
      const { metadata, status } = body as { readonly metadata: { readonly generation: number }; readonly status?: { readonly conditions?: readonly Condition[] } };
      const condition = status?.conditions?.find(({ type }) => type === "Ready");
      return condition?.observedGeneration === metadata.generation && accept(condition) ? condition : undefined;
    },
    { seconds, evidence: () => JSON.stringify(last) },
  );
}

/** Applies policies as they must be accepted, and waits until Pratique acts by all of them. */
export async function govern(cluster: Cluster, policies: readonly Policy[]): Promise<void> {
  for (const policy of policies) {
    const { status, stderr } = await applyPolicy(cluster, policy);
    if (status !== 0) throw new Error(stderr);
  }
  for (const policy of policies) await ready(cluster, policy);
}

/** Takes policies away, and waits until Pratique has seen it: a policy that comes after them in the same watch is known. */
export async function release(cluster: Cluster, policies: readonly Policy[]): Promise<void> {
  for (const policy of policies) await deletePolicy(cluster, policy);
  for (const namespace of new Set([undefined, ...policies.map((policy) => policy.namespace)])) {
    const marker: Policy = { name: "marker", ...(namespace !== undefined && { namespace }), spec: { images: [{ glob: "marker.invalid/**" }], authorities: [{ static: { action: "fail" } }] } };
    await govern(cluster, [marker]);
    await deletePolicy(cluster, marker);
  }
}

function objectOf({ name, namespace, spec }: Policy): object {
  return { apiVersion: "pratique.dev/v1alpha1", kind: namespace === undefined ? "ClusterTrustPolicy" : "TrustPolicy", metadata: { name, ...(namespace !== undefined && { namespace }) }, spec };
}

function pathOf({ name, namespace }: Pick<Policy, "name" | "namespace">): string {
  const scope = namespace === undefined ? "clustertrustpolicies" : `namespaces/${namespace}/trustpolicies`;
  return `/apis/pratique.dev/v1alpha1/${scope}/${name}`;
}
