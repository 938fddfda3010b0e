import type { Glob } from "../image/glob.ts";
import type { IndexRule } from "../image/index.ts";
import { quote } from "../image/reference.ts";
import type { Problem } from "../schema/problem.ts";
import type { Authority } from "./authority.ts";

export const POLICY_KINDS = ["ClusterTrustPolicy", "TrustPolicy"] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];

/** The plural of each kind, as paths, CRDs, RBAC and metrics have it. */
export const POLICY_RESOURCES = { ClusterTrustPolicy: "clustertrustpolicies", TrustPolicy: "trustpolicies" } as const satisfies Record<PolicyKind, string>;

/** Which policy. */
export interface PolicyId {
  readonly kind: PolicyKind;
  /** Undefined for a ClusterTrustPolicy. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What a policy asks for, once its keys are there. */
export interface PolicyDemand {
  readonly kind: "ready";
  readonly authorities: readonly Authority[];
  /** How many distinct signers one subject needs. */
  readonly threshold: number;
  /** Wins over the namespace's own rule. */
  readonly index: IndexRule | undefined;
}

/** A policy that can be asked. */
export interface ReadyPolicy {
  readonly id: PolicyId;
  readonly demand: PolicyDemand;
}

/**
 * A policy with its keys. `invalid`: it cannot be read, so it governs and is never satisfied. `unknown`: its keys could
 * not be read, so nobody can say.
 */
export interface TrustPolicy {
  readonly id: PolicyId;
  /** What it governs; everything when its images cannot be read. */
  readonly globs: readonly Glob[];
  readonly state: PolicyDemand | { readonly kind: "invalid"; readonly problems: readonly Problem[] } | { readonly kind: "unknown"; readonly message: string };
}

/** `ClusterTrustPolicy "release-keys"`, `TrustPolicy "shop/ours"`. */
export function policyLabel({ kind, namespace, name }: PolicyId): string {
  return `${kind} ${quote(namespace === undefined ? name : `${namespace}/${name}`)}`;
}

/** `spec.images[0].glob: is not valid: ...` */
export function problemLine({ path, message }: Problem): string {
  return `${path}: ${message}`;
}
