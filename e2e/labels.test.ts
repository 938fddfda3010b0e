// Whoever owns a namespace does not own its labels of Pratique: the chart's ValidatingAdmissionPolicy, on a real API server.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { makeNamespace } from "./harness/ask.ts";
import { type KubernetesObject, renderChart, tryRender } from "./harness/chart.ts";
import { startCluster } from "./harness/cluster.ts";
import { startControllers } from "./harness/controllers.ts";
import { type Outcome, until } from "./harness/process.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.labels);

const CERT_MANAGER = { certificate: { mode: "cert-manager" } };
const PROTECTED = { ...CERT_MANAGER, labelProtection: { enabled: true } };
const NAME = "pratique-namespace-labels";
/** The API server takes a policy up a moment after it was written. */
const SECONDS = 20;

const cluster = await startCluster();
const controllers = await startControllers(cluster);
t.teardown(async () => {
  await controllers.kill();
  await cluster.stop();
});

await makeNamespace(cluster, "shop", { enforce: "signed" });
await makeNamespace(cluster, "plain", {});

type Verb = "create" | "delete" | "get" | "list" | "patch" | "update";

/** What lets somebody change namespaces as such, as platforms give it to owners. */
function ownerRole(verbs: readonly Verb[]): object {
  const resources = ["namespaces", "namespaces/status", "namespaces/finalize"];
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "namespace-owner" }, rules: [{ apiGroups: [""], resources, verbs }] };
}

function binding(role: string, subject: string): object {
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role };
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: `${role}-${subject}` }, roleRef, subjects: [{ kind: "User", name: subject }] };
}

function bindingIn(namespace: string, role: string, subject: string): object {
  return { ...binding(role, subject), kind: "RoleBinding", metadata: { name: `${role}-${subject}`, namespace } };
}

await apply([
  ownerRole(["create", "delete", "get", "list", "patch", "update"]),
  binding("namespace-owner", "olga"),
  bindingIn("shop", "admin", "olga"),
  // As some platforms do: everything, in the namespace alone.
  bindingIn("shop", "cluster-admin", "olga"),
  binding("namespace-owner", "pat"),
  binding(NAME, "pat"),
]);

async function apply(objects: readonly object[]): Promise<void> {
  const { status, stderr } = await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) });
  if (status !== 0) throw new Error(stderr);
}

/** kubectl as somebody else. */
function as(user: string, args: readonly string[], input?: string): Promise<Outcome> {
  return cluster.kubectl([`--as=${user}`, ...args], input === undefined ? {} : { input });
}

async function protect(values: object): Promise<void> {
  await apply((await renderChart(values)).filter(({ metadata }) => metadata.name === NAME));
}

/** The namespace as it stands, with these labels of ours in place of its own. */
async function withLabels(namespace: string, labels: Readonly<Record<string, string>>): Promise<string> {
  const { body } = await cluster.call("GET", `/api/v1/namespaces/${namespace}`);
  const object = body as KubernetesObject & { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  return JSON.stringify({ ...object, metadata: { ...object.metadata, labels: { "kubernetes.io/metadata.name": namespace, ...labels } } });
}

const OFF = { "pratique.dev/enforce": "none" };
const patch = (labels: object): string => JSON.stringify({ metadata: { labels } });
type Way = readonly [name: string, change: () => Promise<readonly string[]>, input?: () => Promise<string>];
const BY_LABEL: Way = ["label", async () => ["label", "--overwrite", "namespace", "shop", "pratique.dev/enforce=none"]];
/** Every way by which kubectl changes labels. */
const WAYS: readonly Way[] = [
  BY_LABEL,
  ["label, which removes", async () => ["label", "namespace", "shop", "pratique.dev/enforce-"]],
  ["label, which adds", async () => ["label", "namespace", "shop", "pratique.dev/on-outage=allow"]],
  ["label, with a key that means nothing yet", async () => ["label", "namespace", "shop", "pratique.dev/anything=x"]],
  ["apply", async () => ["apply", "--server-side", "--force-conflicts", "-f", "-"], async () => JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: OFF } })],
  ["replace", async () => ["replace", "-f", "-"], () => withLabels("shop", OFF)],
  ["patch", async () => ["patch", "namespace", "shop", "--type=merge", "-p", patch(OFF)]],
  ["patch of no label at all", async () => ["patch", "namespace", "shop", "--type=merge", "-p", JSON.stringify({ metadata: { labels: null } })]],
  ["JSON patch", async () => ["patch", "namespace", "shop", "--type=json", "-p", '[{"op":"remove","path":"/metadata/labels/pratique.dev~1enforce"}]']],
  ["patch of the status", async () => ["patch", "namespace", "shop", "--subresource=status", "--type=merge", "-p", patch(OFF)]],
  ["replace of finalizers", async () => ["replace", "--raw", "/api/v1/namespaces/shop/finalize", "-f", "-"], () => withLabels("shop", OFF)],
  ["create", async () => ["create", "-f", "-"], async () => JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "new", labels: OFF } })],
];

async function attempt(user: string, [, change, input]: Way): Promise<Outcome> {
  return as(user, [...(await change())], await input?.());
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

async function labelsOf(namespace: string): Promise<string> {
  return (await cluster.kubectl(["get", "namespace", namespace, "-o", "jsonpath={.metadata.labels}"])).stdout;
}

async function resetLabels(): Promise<void> {
  await cluster.kubectl(["replace", "-f", "-"], { input: await withLabels("shop", { "pratique.dev/enforce": "signed" }) });
  await cluster.kubectl(["delete", "namespace", "new", "--ignore-not-found", "--wait=true"]);
}

function allowed(t: Test, { status, stderr }: Outcome, what: string): void {
  t.equal(status, 0, `${what}: ${stderr}`);
}

t.test("unless it is asked for, there is no policy, and owners may do all of it", async (t) => {
  t.same((await renderChart(CERT_MANAGER)).filter(({ metadata }) => metadata.name === NAME), []);
  for (const way of WAYS) {
    await resetLabels();
    allowed(t, await attempt("olga", way), way[0]);
  }
  await resetLabels();
});

t.test("a Kubernetes that has no such policies is told so", async (t) => {
  const { status, stderr } = await tryRender(PROTECTED, "helm4", "1.29.4");
  t.not(status, 0);
  t.match(stderr, /labelProtection\.enabled needs ValidatingAdmissionPolicy, which Kubernetes has from 1\.30 on, and this cluster is v1\.29\.4/);
});

t.test("an owner can change them in no way, and is told what it takes", async (t) => {
  await protect(PROTECTED);
  await until("the policy is held", async () => ((await as("olga", ["label", "--dry-run=server", "namespace", "shop", "pratique.dev/enforce-"])).status === 0 ? undefined : true));
  const before = await labelsOf("shop");
  const page = inOneLine(await readFile(join(import.meta.dirname, "../docs/labels.md"), "utf8"));
  t.ok(page.includes(inOneLine((await attempt("olga", BY_LABEL)).stderr)), "the page shows what kubectl says");
  for (const way of WAYS) {
    const { status, stderr } = await attempt("olga", way);
    t.not(status, 0, way[0]);
    t.match(stderr, /olga may not set, change or remove pratique\.dev\//, way[0]);
    t.match(stderr, `it takes the verb "label" on "namespaces" of the group "pratique.dev", by a ClusterRoleBinding to the ClusterRole ${NAME}. Ask whoever runs Pratique in this cluster.`);
  }
  t.equal(await labelsOf("shop"), before, "nothing has changed");
  t.match((await as("olga", ["label", "--overwrite", "namespace", "shop", "pratique.dev/enforce=none", "pratique.dev/warn=signed"])).stderr, /remove pratique\.dev\/enforce, pratique\.dev\/warn on namespace shop|remove pratique\.dev\/warn, pratique\.dev\/enforce on namespace shop/);
});

t.test("an owner can do everything else", async (t) => {
  for (const args of [
    ["label", "namespace", "shop", "team=blue", "example.com/pratique.dev=x"],
    ["label", "--overwrite", "namespace", "shop", "pratique.dev/enforce=signed"],
    ["annotate", "namespace", "shop", "pratique.dev/enforce=none"],
    ["label", "namespace", "shop", "team-"],
    ["create", "namespace", "of-olga"],
    ["patch", "namespace", "shop", "--subresource=status", "--type=merge", "-p", patch({ colour: "blue" })],
    ["delete", "namespace", "of-olga", "--wait=false"],
  ])
    allowed(t, await as("olga", args), args.join(" "));
});

t.test("who holds the permission can", async (t) => {
  for (const way of WAYS) {
    await resetLabels();
    allowed(t, await attempt("pat", way), way[0]);
  }
  await resetLabels();
});

t.test("the permission may be for some namespaces alone, and none is given by a RoleBinding", async (t) => {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "label-plain" }, rules: [{ apiGroups: ["pratique.dev"], resources: ["namespaces"], resourceNames: ["plain"], verbs: ["label"] }] };
  await apply([role, binding("label-plain", "olga"), bindingIn("shop", NAME, "olga")]);
  const label = (namespace: string): Promise<Outcome> => as("olga", ["label", "--overwrite", "namespace", namespace, "pratique.dev/enforce=none"]);
  await until("the role is known", async () => ((await label("plain")).status === 0 ? true : undefined));
  t.match((await label("shop")).stderr, "olga may not set, change or remove");
});

t.test("controllers do their work on protected namespaces", async (t) => {
  await makeNamespace(cluster, "leaving", { enforce: "verified" });
  allowed(t, await as("olga", ["delete", "namespace", "leaving", "--timeout=30s"]), "the namespace is finalized");
  t.equal((await cluster.call("GET", "/api/v1/namespaces/leaving")).status, 404);
});

t.test("a rehearsal warns, and refuses nothing", async (t) => {
  await protect({ ...CERT_MANAGER, labelProtection: { enabled: true, validationActions: ["Warn", "Audit"] } });
  const { stderr } = await until(
    "it warns",
    async () => {
      await resetLabels();
      const outcome = await as("olga", ["label", "--overwrite", "namespace", "shop", "pratique.dev/enforce=none"]);
      return outcome.status === 0 ? outcome : undefined;
    },
    { seconds: SECONDS },
  );
  t.match(stderr, /Warning: .*olga may not set, change or remove pratique\.dev\/enforce on namespace shop/);
});
