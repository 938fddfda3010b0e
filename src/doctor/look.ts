import { type JsonObject, objectField, stringField } from "../json.ts";
import { POLICY_KINDS, POLICY_RESOURCES } from "../trust/trust-policy.ts";
import { completeInstallation, type FoundInstallation } from "./look-installation.ts";
import { Looker } from "./looker.ts";
import type { DoctorPorts, Listing } from "./ports.ts";
import { readEditors, readLabellers, type Roles } from "./read/editors.ts";
import { readLabelPolicies } from "./read/label-policy.ts";
import { readPolicy } from "./read/policy.ts";
import { readWebhookConfiguration, type WebhookConfiguration } from "./read/webhook-configuration.ts";
import { type Deployment, metadataOf, readDeployment, readNode } from "./read/workload.ts";
import { mapped, type Seen, seen } from "./seen.ts";
import type { ClusterNamespace, Snapshot } from "./snapshot.ts";
import type { Askable } from "./trial.ts";

export interface LookRequest {
  /** The namespace of one installation; undefined for all of them. */
  readonly namespace: string | undefined;
  /** The entries that are asked by dry runs. */
  readonly ask: readonly Askable[];
  readonly signal: AbortSignal;
}

/**
 * Reads what there is. What the API server does not say is in the snapshot. Throws UnreadableError (Unreachable) when it says
 * nothing at all.
 */
export async function lookAt(ports: DoctorPorts, { namespace, ask, signal }: LookRequest): Promise<Snapshot> {
  const looker = new Looker(ports, { deadline: Number.POSITIVE_INFINITY, signal });
  const serverVersion = await looker.seeUnlessUnreachable(() => ports.reader.version(looker.call));
  const [configurations, deployments, namespaces, nodes, policies, labelPolicies, roles] = await Promise.all([
    looker.list(cluster("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations")),
    looker.list({ group: "apps", version: "v1", resource: "deployments", namespace, labelSelector: "app.kubernetes.io/name=pratique" }),
    looker.list(cluster("", "v1", "namespaces")),
    looker.list(cluster("", "v1", "nodes")),
    lookAtPolicies(looker),
    lookAtLabelPolicies(looker),
    lookAtRoles(looker),
  ]);
  const called = mapped(configurations, (objects) => objects.flatMap((object) => readWebhookConfiguration(object) ?? []));
  const known = mapped(namespaces, (objects) => objects.filter(isLasting).map(readNamespace));
  const found = foundInstallations(valueOf(called), valueOf(deployments).map(readDeployment));
  const chosen = found.filter((each) => namespace === undefined || each.namespace === namespace);
  return {
    now: ports.timer.now(),
    serverVersion,
    installations: await Promise.all(chosen.map((each) => completeInstallation(each, looker, { deployments, namespaces: valueOf(known), ask: ask.filter((entry) => canBeAsked(entry, policies)) }))),
    namespaces: known,
    nodes: mapped(nodes, (objects) => objects.map(readNode)),
    policies,
    labelPolicies,
    editors: mapped(roles, readEditors),
    labellers: mapped(roles, readLabellers),
    configurations: called,
    deployments,
  };
}

function cluster(group: string, version: string, resource: string): Listing {
  return { group, version, resource, namespace: undefined };
}

async function lookAtPolicies(looker: Looker): Promise<Snapshot["policies"]> {
  const lists = await Promise.all(POLICY_KINDS.map(async (kind) => mapped(await looker.listServed(cluster("pratique.dev", "v1alpha1", POLICY_RESOURCES[kind])), (objects) => objects?.map((object) => readPolicy(kind, object)))));
  return together(lists, (parts) => (parts.includes(undefined) ? "not-served" : parts.flatMap((part) => part ?? [])));
}

// A policy can be created, if only as a dry run, where there are policies.
function canBeAsked(entry: Askable, policies: Snapshot["policies"]): boolean {
  return entry !== "policies" || policies.kind === "unseen" || policies.value !== "not-served";
}

async function lookAtLabelPolicies(looker: Looker): Promise<Snapshot["labelPolicies"]> {
  const lists = await Promise.all(["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((resource) => looker.list(cluster("admissionregistration.k8s.io", "v1", resource))));
  return together(lists, ([policies = [], bindings = []]) => readLabelPolicies(policies, bindings));
}

async function lookAtRoles(looker: Looker): Promise<Seen<Roles>> {
  const lists = await Promise.all(["clusterroles", "clusterrolebindings", "roles", "rolebindings"].map((resource) => looker.list(cluster("rbac.authorization.k8s.io", "v1", resource))));
  return together(lists, ([clusterRoles = [], clusterRoleBindings = [], roles = [], roleBindings = []]) => ({ clusterRoles, clusterRoleBindings, roles, roleBindings }));
}

/** Seen where every part is; else why the parts are not, each on a line. */
function together<Part, Value>(parts: readonly Seen<Part>[], make: (values: readonly Part[]) => Value): Seen<Value> {
  const reasons = parts.flatMap((part) => (part.kind === "unseen" ? [part.why] : []));
  if (reasons.length > 0) return { kind: "unseen", why: reasons.join("\n") };
  return seen(make(parts.flatMap((part) => (part.kind === "seen" ? [part.value] : []))));
}

function valueOf<Item>(state: Seen<readonly Item[]>): readonly Item[] {
  return state.kind === "seen" ? state.value : [];
}

// Nothing starts in one that is being deleted.
function isLasting(namespace: JsonObject): boolean {
  return stringField(objectField(namespace, "status") ?? {}, "phase") !== "Terminating";
}

function readNamespace(object: JsonObject): ClusterNamespace {
  const { name, labels } = metadataOf(object);
  return { name, labels };
}

/** Configurations and Deployments of the same name are one release; each may be there without the other. */
function foundInstallations(configurations: readonly WebhookConfiguration[], deployments: readonly Deployment[]): readonly FoundInstallation[] {
  const called = configurations.map((configuration): FoundInstallation => {
    const service = serviceOf(configuration);
    const near = deployments.filter(({ namespace }) => service === undefined || namespace === service.namespace);
    const deployment = near.find(({ name }) => name === service?.name) ?? near.find(({ name }) => name === configuration.name);
    const name = deployment?.name ?? service?.name ?? configuration.name;
    const namespace = service?.namespace ?? deployment?.namespace ?? configuration.annotations.get("meta.helm.sh/release-namespace") ?? "pratique-system";
    return { name, namespace, serviceName: service?.name ?? name, release: releaseOf(configuration.labels) ?? configuration.name, configuration };
  });
  const others = deployments.filter(({ name, namespace }) => !called.some((each) => each.name === name && each.namespace === namespace));
  return [...called, ...others.map(({ name, namespace, labels }) => ({ name, namespace, serviceName: name, release: releaseOf(labels) ?? name, configuration: undefined }))];
}

function serviceOf({ webhooks }: WebhookConfiguration): { readonly namespace: string; readonly name: string } | undefined {
  return webhooks.map(({ target }) => target).find((target) => target.kind === "service");
}

function releaseOf(labels: ReadonlyMap<string, string>): string | undefined {
  return labels.get("app.kubernetes.io/instance");
}
