import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";
import { metadataOf } from "./workload.ts";

/** Somebody who may do something to namespaces. */
export interface Editor {
  /** `Group system:authenticated`, `ServiceAccount ci/deployer`. */
  readonly subject: string;
  /** What gives it to them: `ClusterRoleBinding namespace-admins`. */
  readonly through: string;
  /** The namespace whose labels alone they may change; undefined for all of them. */
  readonly namespace: string | undefined;
  /** Everybody, or every account of the cluster or of a namespace. */
  readonly isBroad: boolean;
}

/** The four kinds of objects of RBAC. */
export interface Roles {
  readonly clusterRoles: readonly JsonObject[];
  readonly clusterRoleBindings: readonly JsonObject[];
  readonly roles: readonly JsonObject[];
  readonly roleBindings: readonly JsonObject[];
}

/** What a rule of RBAC has to give: any of the verbs on any of the resources. */
interface Right {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Labels can be written through the subresources too, which a status and the removal of a finalizer go to. */
const EDIT: Right = { group: "", resources: ["namespaces", "namespaces/status", "namespaces/finalize"], verbs: ["update", "patch"] };
/** What the chart's ValidatingAdmissionPolicy asks for. */
const LABEL: Right = { group: "pratique.dev", resources: ["namespaces"], verbs: ["label"] };

/**
 * Who may change labels of namespaces by RBAC, but for cluster administrators and the control plane. A Role in a namespace that is
 * granted there counts: the API server asks for a namespace's own RBAC when that Namespace is written.
 */
export function readEditors(roles: Roles): readonly Editor[] {
  return holdersOf(EDIT, roles);
}

/** Who may change our labels where they are protected. That is asked for in the whole cluster, so a RoleBinding does not give it. */
export function readLabellers(roles: Roles): readonly Editor[] {
  return holdersOf(LABEL, { ...roles, roleBindings: [] });
}

function holdersOf(right: Right, { clusterRoles, clusterRoleBindings, roles, roleBindings }: Roles): readonly Editor[] {
  const cluster = new Map(clusterRoles.map((role) => [metadataOf(role).name, role]));
  const local = new Map(roles.map((role) => [`${metadataOf(role).namespace}/${metadataOf(role).name}`, role]));
  const roleOf = (binding: JsonObject): JsonObject | undefined => {
    const ref = objectField(binding, "roleRef") ?? {};
    const name = stringField(ref, "name") ?? "";
    return stringField(ref, "kind") === "Role" ? local.get(`${metadataOf(binding).namespace}/${name}`) : cluster.get(name);
  };
  return [
    ...clusterRoleBindings.flatMap((binding) => holders(right, binding, roleOf(binding), `ClusterRoleBinding ${metadataOf(binding).name}`)),
    ...roleBindings.flatMap((binding) => holders(right, binding, roleOf(binding), `RoleBinding ${metadataOf(binding).namespace}/${metadataOf(binding).name}`)),
  ];
}

function holders(right: Right, binding: JsonObject, role: JsonObject | undefined, through: string): readonly Editor[] {
  const rules = (arrayField(role ?? {}, "rules") ?? []).filter(isObject);
  if (!rules.some((rule) => gives(rule, right))) return [];
  const namespace = metadataOf(binding).namespace || undefined;
  // Whoever may do everything in the cluster is its administrator, and no rule would hold them.
  if (namespace === undefined && rules.some(isEverything)) return broadSubjects(binding).map((subject) => ({ subject, through, namespace, isBroad: true }));
  return subjectsOf(binding).map((subject) => ({ subject, through, namespace, isBroad: isBroad(subject) }));
}

function gives(rule: JsonObject, { group, resources, verbs }: Right): boolean {
  return covers(rule, "apiGroups", [group]) && covers(rule, "resources", resources) && covers(rule, "verbs", verbs);
}

function isEverything(rule: JsonObject): boolean {
  return ["apiGroups", "resources", "verbs"].every((name) => arrayField(rule, name)?.includes("*"));
}

function covers(rule: JsonObject, name: string, wanted: readonly string[]): boolean {
  const given = arrayField(rule, name) ?? [];
  return given.includes("*") || wanted.some((each) => given.includes(each));
}

function broadSubjects(binding: JsonObject): readonly string[] {
  return subjectsOf(binding).filter(isBroad);
}

function subjectsOf(binding: JsonObject): readonly string[] {
  return (arrayField(binding, "subjects") ?? []).filter(isObject).flatMap((subject) => {
    const [kind, name, namespace] = ["kind", "name", "namespace"].map((field) => stringField(subject, field) ?? "");
    const text = kind === "ServiceAccount" ? `ServiceAccount ${namespace}/${name}` : `${kind} ${name}`;
    return isControlPlane(text) ? [] : [text];
  });
}

function isBroad(subject: string): boolean {
  return /^Group system:(authenticated|unauthenticated|serviceaccounts(:.*)?)$/.test(subject);
}

function isControlPlane(subject: string): boolean {
  return subject === "Group system:masters" || subject.startsWith("ServiceAccount kube-system/") || /^User system:(?!serviceaccount:)/.test(subject);
}
