// Least privilege: with the chart's role everything works, and without any one permission of it something does not.
import t from "tap";
import { createPod, makeNamespace } from "./harness/ask.ts";
import { dockerConfigJson } from "./harness/author.ts";
import { type KubernetesObject, only, RELEASE_NAMESPACE } from "./harness/chart.ts";
import type { Manifest } from "./harness/cluster.ts";
import { govern, type Policy, ready } from "./harness/policies.ts";
import { type Outcome, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One verb on one resource, by one of the chart's roles. */
interface Permission {
  readonly role: KubernetesObject;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly names: readonly string[] | undefined;
}

/** Longer than the pause after a watch that was refused at once. */
const RETRY_SECONDS = 3;
/** Longer than taking over a Lease that was given up, and writing a status. */
const STATUS_SECONDS = 8;
/** Longer than waiting for a Lease that nobody makes besides. */
const ABSENCE_SECONDS = 45;

t.plan(PLANS.rbac);

const world = await startWorld({ registries: ["htpasswd"], images: ["unsigned", "cosign3-bundle"] });
t.teardown(() => world.stop());

const { cluster, pratique } = world;
const registry = world.registry("htpasswd");
const good = `${registry.host}/cosign3-bundle:1`;
const roles = [only(pratique.objects, "ClusterRole"), only(pratique.objects, "Role")];
const account = only(pratique.objects, "ServiceAccount").metadata.name;
const permissions = roles.flatMap(permissionsOf);
/** What a replica that was killed would leave to the next one only after a while. */
const GIVEN_UP = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "pratique-policy-status" }, spec: { holderIdentity: "", leaseDurationSeconds: 1 } } as Manifest;
const spec = { images: [{ glob: "**" }], authorities: [{ key: { data: world.author.publicKey("e2e") } }] };
const CLUSTER_POLICY: Policy = { name: "all", spec };
const OWN_POLICY: Policy = { name: "all", namespace: "verified", spec };

/** What shows that a permission is needed: true while it is there. */
const NEEDS: Readonly<Record<string, () => Promise<boolean>>> = {
  "list namespaces": async () => (await pratique.readiness()) === 200,
  "watch namespaces": () => keepsWatching("namespaces"),
  "get namespaces": readsUnknownNamespace,
  "list pods": rehearsesRunningPods,
  "get secrets": pullsWithSecretOfPod,
  "get serviceaccounts": pullsWithSecretOfAccount,
  "list clustertrustpolicies": knowsPolicies,
  "watch clustertrustpolicies": () => keepsWatching("clustertrustpolicies"),
  "list trustpolicies": knowsPolicies,
  "watch trustpolicies": () => keepsWatching("trustpolicies"),
  "patch clustertrustpolicies/status": () => writesStatus(CLUSTER_POLICY),
  "patch trustpolicies/status": () => writesStatus(OWN_POLICY),
  "get leases": () => writesStatus(CLUSTER_POLICY),
  "update leases": () => writesStatus(CLUSTER_POLICY),
  "create leases": makesMissingLease,
};

await makeNamespace(cluster, "running", {});
await createPod(cluster, "running", `${registry.host}/unsigned:1`, { name: "web" });
await makeNamespace(cluster, "shop", { enforce: "signed" });
const data = { ".dockerconfigjson": Buffer.from(dockerConfigJson([registry])).toString("base64") };
await cluster.apply(object("Secret", "registry", { type: "kubernetes.io/dockerconfigjson", data }), "shop");
await cluster.apply(object("ServiceAccount", "puller", { imagePullSecrets: [{ name: "registry" }] }), "shop");

await makeNamespace(cluster, "verified", { enforce: "verified" });
await cluster.apply(object("Secret", "registry", { type: "kubernetes.io/dockerconfigjson", data }), "verified");
await govern(cluster, [CLUSTER_POLICY, OWN_POLICY]);

t.test("with the chart's roles, everything works", async (t) => {
  t.strictSame(Object.keys(NEEDS).sort(), permissions.map(nameOf).sort(), "there is a need for each permission, and no other permission");
  for (const [name, isMet] of Object.entries(NEEDS)) t.ok(await isMet(), name);
});

for (const permission of permissions) {
  const name = nameOf(permission);
  t.test(`without: ${name}`, async (t) => {
    await grant(permissions.filter((other) => other !== permission));
    await pratique.kill();
    await cluster.apply(GIVEN_UP, RELEASE_NAMESPACE);
    await pratique.launch();
    if (name === "list namespaces") await listRefused();
    else await pratique.ready();
    t.equal(await NEEDS[name]?.(), false, `without the permission to ${name}, something does not work`);
  });
}

// It never becomes ready, and says why.
async function listRefused(): Promise<void> {
  const ask = async () => (pratique.output().includes("(403)") ? true : undefined);
  await until("the log says that the list is refused", ask, { evidence: () => pratique.output() });
}

async function grant(granted: readonly Permission[]): Promise<void> {
  for (const role of roles) {
    const rules = granted.filter((each) => each.role === role).map(({ group, resource, verb, names }) => ({ apiGroups: [group], resources: [resource], verbs: [verb], resourceNames: names }));
    await cluster.apply({ ...role, rules } as KubernetesObject, RELEASE_NAMESPACE);
  }
  for (const permission of permissions) {
    const isGranted = granted.includes(permission);
    await until(`the API server knows of ${nameOf(permission)}`, async () => ((await mayDo(permission)) === isGranted ? true : undefined));
  }
}

async function mayDo({ role, group, resource, verb, names }: Permission): Promise<boolean> {
  const [name, subresource] = resource.split("/");
  const namespace = role.kind === "Role" ? RELEASE_NAMESPACE : "shop";
  const attributes = { group, resource: name, verb, namespace: name === "namespaces" ? "" : namespace, ...(subresource && { subresource }), ...(names?.[0] && { name: names[0] }) };
  const { body } = await cluster.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    spec: { user: `system:serviceaccount:${RELEASE_NAMESPACE}:${account}`, resourceAttributes: attributes },
  });
  return (body as { readonly status: { readonly allowed: boolean } }).status.allowed;
}

// A watch that is refused is tried again and again: labels still arrive, by lists that nobody should have to answer.
async function keepsWatching(resource: string): Promise<boolean> {
  const restarts = () => pratique.metric("pratique_watch_restarts_total", { resource });
  return until("the watch is started again", async () => ((await restarts()) > 0 ? true : undefined), { seconds: RETRY_SECONDS }).then(() => false, () => true);
}

// As for a namespace that was made a moment ago and that the watch has yet to tell of.
async function readsUnknownNamespace(): Promise<boolean> {
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec: { containers: [{ name: "web", image: good }] } };
  return (await pratique.review("/validate/enforce", { namespace: "not-seen-yet", object })).allowed;
}

async function rehearsesRunningPods(): Promise<boolean> {
  const { stderr } = await cluster.kubectl(["label", "namespace", "running", "pratique.dev/enforce=signed", "--dry-run=server"]);
  return stderr.includes('Pod "web"');
}

async function pullsWithSecretOfPod(): Promise<boolean> {
  const spec = { imagePullSecrets: [{ name: "registry" }], containers: [{ name: "web", image: good }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { generateName: "web-" }, spec };
  return (await create(pod)).status === 0;
}

// The API server writes the account's pull secrets into each Pod, but not into templates.
async function pullsWithSecretOfAccount(): Promise<boolean> {
  const spec = { serviceAccountName: "puller", containers: [{ name: "web", image: good }] };
  const template = { apiVersion: "v1", kind: "PodTemplate", metadata: { generateName: "web-" }, template: { spec } };
  const { status, stderr } = await create(template);
  return status === 0 && !stderr.includes("could not be checked");
}

async function knowsPolicies(): Promise<boolean> {
  const spec = { imagePullSecrets: [{ name: "registry" }], containers: [{ name: "web", image: good }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { generateName: "web-" }, spec };
  return (await cluster.kubectl(["create", "-n", "verified", "-f", "-"], { input: JSON.stringify(pod) })).status === 0;
}

// What was there is taken away; whoever holds the Lease sees it, and writes it again.
async function writesStatus(policy: Policy, seconds = STATUS_SECONDS): Promise<boolean> {
  const { name, namespace } = policy;
  const target = namespace === undefined ? ["ctp", name] : ["tp", name, "-n", namespace];
  const cleared = await cluster.kubectl(["patch", ...target, "--subresource=status", "--type=merge", "-p", '{"status":{"conditions":null}}']);
  if (cleared.status !== 0) throw new Error(cleared.stderr);
  return ready(cluster, policy, { seconds }).then(() => true, () => false);
}

// As with a tool that leaves Leases out.
async function makesMissingLease(): Promise<boolean> {
  await pratique.kill();
  await cluster.kubectl(["delete", "lease", "pratique-policy-status", "-n", RELEASE_NAMESPACE]);
  await pratique.launch();
  await pratique.ready();
  return writesStatus(CLUSTER_POLICY, ABSENCE_SECONDS);
}

function create(object: object): Promise<Outcome> {
  return cluster.kubectl(["create", "-n", "shop", "-f", "-"], { input: JSON.stringify(object) });
}

function object(kind: string, name: string, fields: object) {
  return { apiVersion: "v1", kind, metadata: { name }, ...fields };
}

function permissionsOf(role: KubernetesObject): readonly Permission[] {
  return (role["rules"] as readonly Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames: names }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb): Permission => ({ role, group, resource, verb, names })))),
  );
}

function nameOf({ verb, resource }: Permission): string {
  return `${verb} ${resource}`;
}
