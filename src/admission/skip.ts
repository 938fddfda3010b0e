import { POLICY_API_VERSION } from "../trust/schema.ts";
import { POLICY_KINDS, POLICY_RESOURCES, type PolicyKind } from "../trust/trust-policy.ts";
import { type EntryPath, isObserver } from "./entry.ts";
import type { Operation, Resource, Review } from "./review.ts";
import { type WorkloadResource, workloadResource } from "./workload.ts";

/** What a request is to us. */
export type Scope =
  | { readonly kind: "skipped" }
  | { readonly kind: "workload"; readonly resource: WorkloadResource }
  | { readonly kind: "namespace" }
  | { readonly kind: "policy"; readonly policyKind: PolicyKind }
  /** Nothing that this entry should have been asked about. */
  | { readonly kind: "unknown" };

const SKIPPED_OPERATIONS: ReadonlySet<Operation> = new Set(["DELETE", "CONNECT"]);

// A closed list: a subresource that Kubernetes invents tomorrow is not on it.
const SKIPPED_SUBRESOURCES: ReadonlySet<string> = new Set([
  "status",
  "scale",
  "binding",
  "eviction",
  "finalize",
  "token",
  "exec",
  "attach",
  "log",
  "portforward",
  "proxy",
]);

/** Decides it by operation, resource and subresource alone, never by anything on the object (design, section 3). */
export function scopeOf({ operation, resource, subresource }: Review, path: EntryPath): Scope {
  if (SKIPPED_OPERATIONS.has(operation)) return { kind: "skipped" };
  if (subresource !== undefined && SKIPPED_SUBRESOURCES.has(subresource)) return { kind: "skipped" };
  const workload = workloadResource(resource);
  if (workload !== undefined && isJudged(workload, subresource)) {
    return judgesWorkloads(path) ? { kind: "workload", resource: workload } : { kind: "unknown" };
  }
  const policyKind = POLICIES.get(`${resource.group}/${resource.version}/${resource.resource}`);
  if (policyKind !== undefined && subresource === undefined && serves(path, "policies")) return { kind: "policy", policyKind };
  const isNamespace = isNamespaceResource(resource) && subresource === undefined;
  return isNamespace && serves(path, "namespaces") ? { kind: "namespace" } : { kind: "unknown" };
}

// Any other subresource of a Pod carries the Pod, and may well change its images.
function isJudged(resource: WorkloadResource, subresource: string | undefined): boolean {
  return subresource === undefined || resource.kind === "pod";
}

function judgesWorkloads(path: EntryPath): boolean {
  return path === "enforce" || path === "templates" || path === "validate" || isObserver(path);
}

// The entry of its own, or the one for everything.
function serves(path: EntryPath, entry: "namespaces" | "policies"): boolean {
  return path === entry || path === "validate";
}

const POLICIES: ReadonlyMap<string, PolicyKind> = new Map(POLICY_KINDS.map((kind) => [`${POLICY_API_VERSION}/${POLICY_RESOURCES[kind]}`, kind]));

function isNamespaceResource({ group, version, resource }: Resource): boolean {
  return group === "" && version === "v1" && resource === "namespaces";
}
