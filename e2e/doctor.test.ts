// `pratique doctor` on a cluster: a healthy installation, then one thing broken at a time by kubectl, found, and mended by the commands
// that the finding gives. No kubelet and no controllers run, so Nodes, Pods and statuses are written here.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import type { Code, Severity } from "../src/doctor/code.ts";
import { selectorObject } from "../src/doctor/patch.ts";
import { shippedEntries } from "../src/doctor/shipped-entries.ts";
import { parseConfig } from "../src/config.ts";
import { createAuthority } from "../test/helpers/certificates.ts";
import { pratique as command } from "../test/helpers/command.ts";
import { makeNamespace } from "./harness/ask.ts";
import { only, RELEASE_NAMESPACE, renderChart } from "./harness/chart.ts";
import { type Manifest, startCluster } from "./harness/cluster.ts";
import { CHECKOUT, startPratique } from "./harness/pratique.ts";
import { execute, until } from "./harness/process.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

interface Found {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly commands: readonly string[];
}

interface Document {
  readonly apiServer: string;
  readonly installations: readonly { readonly asked: readonly { readonly entry: string; readonly reply: string }[] }[];
  readonly findings: readonly Found[];
  readonly notLookedAt: readonly string[];
}

t.plan(PLANS.doctor);

const SETTINGS = { signed: { repositories: ["harbor.example.com/**"] }, privateAddresses: "configured" };
const PROTECTION = "pratique-namespace-labels";
const DIGEST = `ghcr.io/pratique-dev/pratique@sha256:${"a".repeat(64)}`;

const cluster = await startCluster();
const pratique = await startPratique(cluster, [], SETTINGS);
t.teardown(async () => {
  await pratique.kill();
  await cluster.stop();
});
const administrator = join(cluster.folder.path, "admin.kubeconfig");

await settle();
const saved = await webhooks();

/** What stands in the cluster when Pods run. */
async function settle(): Promise<void> {
  await must("set", "image", "deployment/pratique", `pratique=${DIGEST}`, "-n", RELEASE_NAMESPACE);
  await must("patch", "deployment", "pratique", "-n", RELEASE_NAMESPACE, "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":2,"readyReplicas":2,"observedGeneration":1}}');
  for (const [name, zone] of [["node-a", "zone-1"], ["node-b", "zone-2"]] as const) await created({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { "topology.kubernetes.io/zone": zone } } });
  await runPods();
  await storeCertificate();
  for (const [name, level] of [["shop", "signed"], ["office", "signed"]] as const) await makeNamespace(cluster, name, { enforce: level });
  await protectLabels();
}

async function runPods(): Promise<void> {
  const metadata = only(pratique.objects, "Deployment").spec.template.metadata;
  for (const name of ["a", "b"]) {
    await kubectl("delete", "pod", `pratique-${name}`, "-n", RELEASE_NAMESPACE, "--ignore-not-found", "--force", "--grace-period=0");
    await created({ apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: `pratique-${name}`, namespace: RELEASE_NAMESPACE }, spec: { serviceAccountName: "pratique", nodeName: `node-${name}`, containers: [{ name: "pratique", image: DIGEST }] } });
    const status = { startTime: new Date().toISOString(), phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await must("patch", "pod", `pratique-${name}`, "-n", RELEASE_NAMESPACE, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status }));
  }
}

/** The Secret says what the process serves. */
async function storeCertificate(): Promise<void> {
  const serving = readFileSync(join(cluster.folder.path, "pratique.crt")).toString("base64");
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "pratique-tls" }, data: { "tls.crt": serving } } as Manifest, RELEASE_NAMESPACE);
}

/** As the chart does by `labelProtection.enabled`. */
async function protectLabels(): Promise<void> {
  const objects = await renderChart({ labelProtection: { enabled: true } });
  for (const object of objects.filter(({ kind, metadata }) => kind.startsWith("ValidatingAdmissionPolicy") || metadata.name === PROTECTION)) await created(object);
}

/** One way to break an installation. */
interface Break {
  readonly name: string;
  readonly code: Code;
  readonly severity: Severity;
  readonly says?: RegExp;
  readonly break: () => Promise<unknown>;
  /** What mends it: the commands of the finding, and what no controller does here. Without it, those commands alone. */
  readonly mend?: "commands" | ((found: Found) => Promise<unknown>);
}

const place = (entry: string): string => `/webhooks/${saved.webhooks.findIndex(({ name }) => name === `${entry}.pratique.dev`)}`;
const patched = (...operations: readonly object[]) => must("patch", "validatingwebhookconfiguration", "pratique", "--type=json", "-p", JSON.stringify(operations));
const changed = (entry: string, field: string, value: unknown) => patched({ op: "add", path: `${place(entry)}/${field}`, value });
const everywhere = (field: string, value: unknown) => patched(...saved.webhooks.map((_, index) => ({ op: "add", path: `/webhooks/${index}/${field}`, value })));
const restored = () => must("patch", "validatingwebhookconfiguration", "pratique", "--type=json", "-p", JSON.stringify([{ op: "replace", path: "/webhooks", value: saved.webhooks }]));
const configured = (text: string) => must("patch", "configmap", "pratique", "-n", RELEASE_NAMESPACE, "--type=merge", "-p", JSON.stringify({ data: { "pratique.yaml": text } }));
const CONFIG = only(pratique.objects, "ConfigMap").data["pratique.yaml"];
const reconfigured = async () => {
  await configured(CONFIG);
  await runPods();
};
const another = await createAuthority("somebody else");

/** The process serves a certificate of another authority, which the API server is told to trust. */
async function serve(options: Parameters<typeof another.issue>[0]): Promise<void> {
  const { cert, key } = await another.issue(options);
  await cluster.folder.write("pratique.key", key);
  await cluster.folder.write("pratique.crt", cert);
  await everywhere("clientConfig/caBundle", Buffer.from(another.cert).toString("base64"));
}

async function serveAgain(): Promise<void> {
  await pratique.replaceCertificate();
  await restored();
  await storeCertificate();
}

const BREAKS: readonly Break[] = [
  { name: "the gate fails open", code: "FailsOpen", severity: "danger", break: () => changed("enforce", "failurePolicy", "Ignore") },
  { name: "a subresource is not matched", code: "RuleMissing", severity: "danger", says: /pods\/ephemeralcontainers/, break: () => changed("enforce", "rules/0/resources", ["pods", "pods/resize"]) },
  { name: "exact matches alone", code: "MatchesExactly", severity: "danger", break: () => changed("enforce", "matchPolicy", "Exact") },
  { name: "a condition", code: "MatchConditions", severity: "danger", break: () => changed("enforce", "matchConditions", [{ name: "some", expression: "request.userInfo.username != 'ci'" }]) },
  { name: "an object selector", code: "ObjectSelector", severity: "danger", break: () => changed("enforce", "objectSelector", { matchLabels: { judged: "yes" } }) },
  { name: "the selector that AKS adds", code: "SelectorNarrowed", severity: "danger", says: /control-plane DoesNotExist/, break: () => changed("enforce", "namespaceSelector/matchExpressions/-", { key: "control-plane", operator: "DoesNotExist" }) },
  { name: "the gate waits for itself", code: "JudgesItself", severity: "danger", says: /kube-system and pratique-system/, break: () => changed("enforce", "namespaceSelector", { matchExpressions: [{ key: "pratique.dev/enforce", operator: "Exists" }] }) },
  { name: "too little time", code: "TimeoutShort", severity: "broken", break: () => changed("enforce", "timeoutSeconds", 3) },
  { name: "an entry is gone", code: "EntryMissing", severity: "broken", says: /namespaces that audit/, break: () => patched({ op: "remove", path: place("observe-audit") }), mend: restored },
  { name: "one replica", code: "SingleReplica", severity: "broken", break: () => must("scale", "deployment", "pratique", "-n", RELEASE_NAMESPACE, "--replicas=1") },
  { name: "a budget that blocks drains", code: "BudgetBlocksDrain", severity: "broken", break: () => must("patch", "poddisruptionbudget", "pratique", "-n", RELEASE_NAMESPACE, "--type=merge", "-p", '{"spec":{"maxUnavailable":null,"minAvailable":2}}') },
  { name: "a second budget", code: "BudgetBlocksDrain", severity: "broken", says: /2 PodDisruptionBudgets \(ours and pratique\)/, break: () => must("create", "poddisruptionbudget", "ours", "-n", RELEASE_NAMESPACE, "--selector=app.kubernetes.io/name=pratique", "--max-unavailable=1"), mend: () => must("delete", "poddisruptionbudget", "ours", "-n", RELEASE_NAMESPACE) },
  { name: "no budget", code: "BudgetMissing", severity: "advice", break: () => must("delete", "poddisruptionbudget", "pratique", "-n", RELEASE_NAMESPACE) },
  { name: "an autoscaler that goes down to one", code: "AutoscalerToOne", severity: "broken", break: () => must("autoscale", "deployment", "pratique", "-n", RELEASE_NAMESPACE, "--min=1", "--max=3") },
  { name: "its image by a tag", code: "ImageByTag", severity: "advice", break: () => must("set", "image", "deployment/pratique", "pratique=ghcr.io/pratique-dev/pratique:0.1.0", "-n", RELEASE_NAMESPACE), mend: () => must("set", "image", "deployment/pratique", `pratique=${DIGEST}`, "-n", RELEASE_NAMESPACE) },
  { name: "the Pods on one node", code: "SameNode", severity: "advice", break: async () => {
    await must("delete", "pod", "pratique-b", "-n", RELEASE_NAMESPACE, "--force", "--grace-period=0");
    const { metadata, spec } = JSON.parse((await must("get", "pod", "pratique-a", "-n", RELEASE_NAMESPACE, "-o", "json"))) as { metadata: { labels: object }; spec: object };
    await created({ apiVersion: "v1", kind: "Pod", metadata: { name: "pratique-b", namespace: RELEASE_NAMESPACE, labels: metadata.labels }, spec });
    await must("patch", "pod", "pratique-b", "-n", RELEASE_NAMESPACE, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status: { startTime: new Date().toISOString(), conditions: [{ type: "Ready", status: "True" }] } }));
  }, mend: async (found) => {
    await run(found);
    await runPods();
  } },
  { name: "the authority of somebody else", code: "CertificateUntrusted", severity: "broken", break: () => everywhere("clientConfig/caBundle", Buffer.from(another.cert).toString("base64")), mend: restored },
  { name: "what the API server says to an authority that it does not know", code: "NoAnswer", severity: "broken", says: /does not trust whoever signed.*x509: certificate signed by unknown authority/, break: () => everywhere("clientConfig/caBundle", Buffer.from(another.cert).toString("base64")), mend: restored },
  { name: "what it says to a certificate for another name", code: "NoAnswer", severity: "broken", says: /for another name.*x509/, break: () => serve({ dnsNames: ["elsewhere.example.com"] }), mend: serveAgain },
  { name: "what it says to a certificate that has expired", code: "NoAnswer", severity: "broken", says: /not valid now.*x509: certificate has expired/, break: () => serve({ ips: ["127.0.0.1"], notAfter: new Date(Date.now() - 60_000) }), mend: serveAgain },
  { name: "what it says to a Service that is not there", code: "NoAnswer", severity: "broken", says: /The Service that the entry names is not there\. It says: .*service "nowhere" not found/, break: () => changed("enforce", "clientConfig", { caBundle: saved.webhooks[0]?.clientConfig.caBundle, service: { namespace: RELEASE_NAMESPACE, name: "nowhere", path: "/validate/enforce" } }), mend: restored },
  { name: "no process", code: "NoAnswer", severity: "broken", says: /Nobody listens.*connection refused/, break: () => pratique.kill(), mend: relaunched },
  { name: "a process that hangs", code: "NoAnswer", severity: "broken", says: /Nothing came back in time/, break: async () => {
    await everywhere("timeoutSeconds", 1);
    pratique.signal("SIGSTOP");
  }, mend: async () => {
    pratique.signal("SIGCONT");
    await restored();
  } },
  { name: "entries that ignore that nobody answers", code: "NotCalled", severity: "danger", break: async () => {
    await changed("enforce", "failurePolicy", "Ignore");
    await pratique.kill();
  }, mend: async () => {
    await restored();
    await relaunched();
  } },
  { name: "a label that came in while nobody looked", code: "LabelUnreadable", severity: "broken", says: /"sined" is not one of/, break: async () => {
    await pratique.kill();
    await must("label", "namespace", "office", "--overwrite", "pratique.dev/warn=sined");
    await relaunched();
  } },
  { name: "a label that means nothing", code: "LabelUnknown", severity: "broken", break: () => must("label", "namespace", "office", "pratique.dev/enforced=true") },
  { name: "nobody to verify by", code: "VerifiedWithoutPolicy", severity: "broken", break: () => must("label", "namespace", "office", "--overwrite", "pratique.dev/enforce=verified") },
  { name: "a policy without its key", code: "PolicyNotReady", severity: "broken", says: /not in force: .*nowhere/s, break: () => created({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "keys" }, spec: { images: [{ glob: "**" }], authorities: [{ key: { secretRef: { name: "nowhere" } } }] } }), mend: () => must("delete", "clustertrustpolicy", "keys") },
  { name: "a configuration that no Pod has read", code: "ConfigurationNewer", severity: "broken", break: async () => {
    await until("the clock of the API server has gone on by a second", async () => (Date.now() % 1000 < 100 ? true : undefined));
    await configured(`${CONFIG}# changed\n`);
  }, mend: async (found) => {
    await run(found);
    await reconfigured();
  } },
  { name: "signatures count anywhere", code: "AnyRepository", severity: "danger", says: /office and shop rely on it/, break: () => configured("privateAddresses: configured\n"), mend: reconfigured },
  { name: "a configuration with an error", code: "ConfigurationInvalid", severity: "broken", says: /requestSeconds/, break: () => configured("requestSeconds: 99\n"), mend: reconfigured },
  { name: "defaults that the selectors do not follow", code: "SelectorOutOfStep", severity: "danger", break: () => configured(`${CONFIG}defaults: { enforce: signed }\n`), mend: reconfigured },
  { name: "protection that only warns", code: "ProtectionWeakened", severity: "danger", break: () => must("patch", "validatingadmissionpolicybinding", PROTECTION, "--type=merge", "-p", '{"spec":{"validationActions":["Warn"]}}') },
  { name: "protection that overlooks subresources", code: "ProtectionWeakened", severity: "danger", says: /do not match UPDATE namespaces\/status and UPDATE namespaces\/finalize/, break: () => must("patch", "validatingadmissionpolicy", PROTECTION, "--type=json", "-p", JSON.stringify([{ op: "replace", path: "/spec/matchConstraints/resourceRules/0/resources", value: ["namespaces"] }])), mend: protectLabels },
  { name: "a permission to label that everybody has", code: "ProtectionWeakened", severity: "danger", says: /Group system:authenticated \(ClusterRoleBinding everybody\)/, break: () => must("create", "clusterrolebinding", "everybody", `--clusterrole=${PROTECTION}`, "--group=system:authenticated"), mend: () => must("delete", "clusterrolebinding", "everybody") },
  { name: "labels that everybody may change", code: "LabelsUnprotected", severity: "danger", says: /Group system:authenticated \(ClusterRoleBinding everybody\)/, break: async () => {
    await must("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", PROTECTION);
    await must("create", "clusterrole", "labeller", "--verb=get,patch", "--resource=namespaces");
    await must("create", "clusterrolebinding", "everybody", "--clusterrole=labeller", "--group=system:authenticated");
  }, mend: async () => {
    await must("delete", "clusterrolebinding", "everybody");
    await protectLabels();
  } },
  { name: "labels that the owner of a namespace may change", code: "LabelsUnprotected", severity: "danger", says: /ServiceAccount shop\/default \(RoleBinding shop\/owner, its own namespace\)/, break: async () => {
    await must("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", PROTECTION);
    await must("create", "rolebinding", "owner", "-n", "shop", "--clusterrole=labeller", "--serviceaccount=shop:default");
    const { stdout } = await kubectl("auth", "can-i", "patch", "namespace/shop", "-n", "shop", "--as=system:serviceaccount:shop:default");
    if (stdout.trim() !== "yes") throw new Error("a RoleBinding does not grant it after all");
  }, mend: async () => {
    await must("delete", "rolebinding", "owner", "-n", "shop");
    await protectLabels();
  } },
];

t.test("a healthy installation", async (t) => {
  const { status, document } = await examined();
  t.same(document.findings.map(({ code, severity }) => [code, severity]), [["NamespacesUncovered", "advice"]]);
  t.match(document.findings[0]?.message, /1 namespace of 5 \(default\), and in kube-node-lease and kube-public/);
  t.same([status, document.notLookedAt], [0, []]);
  t.match(document.apiServer, /^v1\.36\./);
  t.match(document.installations, [{ namespace: RELEASE_NAMESPACE, name: "pratique", replicas: 2, ready: 2, asked: [{ entry: "policies.pratique.dev", reply: "refused" }, { entry: "namespaces.pratique.dev", reply: "refused" }, { entry: "enforce.pratique.dev", reply: "refused" }] }]);
  const { stdout } = await execute(process.execPath, [join(CHECKOUT, "src/main.ts"), "doctor"], { env: { HOME: cluster.folder.path, KUBECONFIG: administrator } });
  t.match(stdout, /^pratique-system\/pratique: 2 of 2 Pods ready, 6 webhooks, API server v1\.36\..*\n.*\n {2}✓ policies\.pratique\.dev answers in \d+ ms\n/);
  t.match(stdout, /\n1 finding: 1 advice\n$/);
});

for (const { name, code, severity, says, break: breakIt, mend = "commands" } of BREAKS) {
  t.test(name, async (t) => {
    await breakIt();
    const isIt = (found: Found): boolean => found.code === code && found.severity === severity && (says === undefined || says.test(found.message));
    const found = await eventually(`${code} is found`, ({ findings }) => findings.find(isIt));
    t.equal(found.code, code);
    if (severity !== "advice") t.equal((await examined()).status, 1);
    if (mend === "commands") {
      t.not(found.commands.length, 0, "it can be mended by a command");
      await run(found);
    } else await mend(found);
    t.ok(await eventually(`${code} is gone`, ({ findings }) => (findings.every((each) => each.code === "NamespacesUncovered") ? true : undefined)), "and nothing else is wrong");
  });
}

t.test("a configuration that is put back is what the Pods have read, though it is newer than they are", async (t) => {
  await configured(`${CONFIG}# changed\n`);
  await eventually("the change is found", ({ findings }) => findings.find(({ code }) => code === "ConfigurationNewer"));
  await configured(CONFIG);
  t.same((await examined()).document.findings.map(({ code }) => code), ["NamespacesUncovered"]);
});

t.test("the selectors and rules that are compared are those that Helm renders", async (t) => {
  const modes = ["none", "signed"];
  const configs = modes.flatMap((enforce) => modes.flatMap((warn) => modes.flatMap((audit) => [[], ["istio-system"]].map((namespaces) => ({ defaults: { enforce, warn, audit }, exemptions: { namespaces } })))));
  for (const config of configs) {
    const rendered = only(await renderChart({ config }), "ValidatingWebhookConfiguration").webhooks as readonly { readonly namespaceSelector?: object; readonly failurePolicy?: string; readonly name: string }[];
    const shipped = shippedEntries({ config: parseConfig(JSON.stringify(config), "test"), namespace: RELEASE_NAMESPACE });
    t.match(rendered, shipped.map(({ entry, failurePolicy, rules }) => ({ name: `${entry}.pratique.dev`, failurePolicy, rules })), JSON.stringify(config));
    const selective = shipped.filter(({ namespaceSelector }) => namespaceSelector.length > 0);
    t.same(rendered.flatMap(({ namespaceSelector = [] }) => namespaceSelector), selective.map(({ namespaceSelector }) => selectorObject(namespaceSelector)), JSON.stringify(config));
  }
});

t.test("the roles of docs/doctor.md are enough, and without them the answer says what to grant", async (t) => {
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "doctor" } }, "office");
  const kubeconfig = await cluster.kubeconfig("doctor", (await must("create", "token", "doctor", "-n", "office", "--duration=1h")).trim());
  const before = await examined(kubeconfig);
  t.same([before.status, before.document.findings.map(({ code }) => code), before.document.installations], [2, [], []]);
  for (const resource of ["validatingwebhookconfigurations.admissionregistration.k8s.io", "namespaces", "nodes", "clusterrolebindings.rbac.authorization.k8s.io", "deployments.apps"]) t.ok(before.document.notLookedAt.some((line) => line.includes(`grant list on ${resource}`)), resource);
  const page = readFileSync(join(CHECKOUT, "docs/doctor.md"), "utf8");
  const roles = (/```yaml\n([^]*?)```/.exec(page)?.[1] ?? "").split("---\n").map((text) => parse(text) as Manifest);
  for (const role of roles) await created(role);
  await must("create", "clusterrolebinding", "doctor", "--clusterrole=pratique-doctor", "--serviceaccount=office:doctor");
  await must("create", "rolebinding", "doctor", "-n", RELEASE_NAMESPACE, "--role=pratique-doctor", "--serviceaccount=office:doctor");
  const asAdministrator = await examined();
  const granted = await eventually("the account may read everything", (document) => (document.notLookedAt.some((line) => line.includes("grant")) ? undefined : document), kubeconfig);
  t.same(granted.findings, asAdministrator.document.findings);
  t.same(granted.installations[0]?.asked.map(({ reply }) => reply), ["refused", "unasked", "unasked"]);
  t.match(granted.notLookedAt, [/^whether namespaces\.pratique\.dev answers: the account may not ask/, /^whether enforce\.pratique\.dev answers: the account may not ask/]);
  const { status, document } = await examined(kubeconfig, "--ask", "policies");
  t.same([status, document.notLookedAt], [0, []]);
});

t.test("webhooks without a Deployment, a Deployment without webhooks, and nothing at all", async (t) => {
  await must("delete", "deployment", "pratique", "-n", RELEASE_NAMESPACE);
  t.match((await examined()).document.findings[0], { code: "DeploymentMissing", severity: "broken", message: /no Pod starts in a namespace that enforces \(office and shop\)/ });
  await must("delete", "validatingwebhookconfiguration", "pratique");
  t.match((await examined()).document.findings[0], { code: "NotInstalled", severity: "danger", message: /every image comes into office and shop/ });
  await created(only(pratique.objects, "Deployment"));
  t.match((await examined()).document.findings[0], { code: "WebhooksMissing", severity: "danger" });
});

async function relaunched(): Promise<void> {
  await pratique.launch();
  await pratique.ready();
}

async function examined(kubeconfig = administrator, ...flags: readonly string[]): Promise<{ readonly status: number; readonly document: Document }> {
  const { status, out, err } = await command(["doctor", "--kubeconfig", kubeconfig, "--output", "json", ...flags]);
  if (err !== "") throw new Error(err);
  return { status, document: JSON.parse(out) as Document };
}

// The API server acts by a changed configuration within a second or so.
function eventually<Value>(what: string, look: (document: Document) => Value | undefined, kubeconfig = administrator): Promise<Value> {
  let last: Document | undefined;
  return until(what, async () => look((last = (await examined(kubeconfig)).document)), { evidence: () => JSON.stringify(last, null, 1) });
}

/** Pastes the commands of a finding into a shell. */
async function run({ commands }: Found): Promise<void> {
  const env = { HOME: cluster.folder.path, KUBECONFIG: administrator, PATH: `${dirname(program("kubectl"))}:${process.env["PATH"]}` };
  for (const line of commands) {
    const { status, stderr } = await execute("sh", ["-c", line], { env });
    if (status !== 0) throw new Error(`${line} ended with status ${status}: ${stderr}`);
  }
}

function kubectl(...args: readonly string[]) {
  return cluster.kubectl(args);
}

async function must(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await kubectl(...args);
  if (status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function created(object: object): Promise<void> {
  const { status, stderr } = await cluster.kubectl(["apply", "-n", RELEASE_NAMESPACE, "-f", "-"], { input: JSON.stringify(object) });
  if (status !== 0) throw new Error(stderr);
}

interface Configuration {
  readonly webhooks: readonly { readonly name: string; readonly clientConfig: { readonly caBundle: string } }[];
}

async function webhooks(): Promise<Configuration> {
  return JSON.parse(await must("get", "validatingwebhookconfiguration", "pratique", "-o", "json")) as Configuration;
}
