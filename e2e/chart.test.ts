// The chart as both Helms render it, and as a real API server takes it.
import { join } from "node:path";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import { certificateBlocks } from "../src/certificate/pem.ts";
import { parseConfig } from "../src/config.ts";
import type { JsonObject } from "../src/json.ts";
import { decodePolicy } from "../src/trust/decode.ts";
import type { PolicyKind } from "../src/trust/trust-policy.ts";
import { createAuthority } from "../test/helpers/certificates.ts";
import { generateSigningKey } from "../test/helpers/signing-key.ts";
import { type CertificateSpec, CHART, type Helm, type KubernetesObject, lint, only, RELEASE, RELEASE_NAMESPACE, renderChart, renderHooks, tryRender, type Webhook } from "./harness/chart.ts";
import { type Cluster, startCluster } from "./harness/cluster.ts";
import { execute } from "./harness/process.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

t.plan(PLANS.chart);

const HELMS: readonly Helm[] = ["helm3", "helm4"];
const MANAGED = {};
const CERT_MANAGER = { certificate: { mode: "cert-manager" } };
const { cert: CA } = await createAuthority("chart");
const SECRET = { certificate: { mode: "secret", secretName: "serving", caBundle: CA } };

function webhooks(objects: readonly KubernetesObject[]): readonly Webhook[] {
  return only(objects, "ValidatingWebhookConfiguration").webhooks;
}

/** The entries that are called for some namespaces and not for others. */
function selective(objects: readonly KubernetesObject[]): readonly Webhook[] {
  return webhooks(objects).filter(({ namespaceSelector }) => namespaceSelector !== undefined);
}

for (const helm of HELMS) {
  t.test(`${helm}: lint is content`, async (t) => {
    for (const values of [MANAGED, CERT_MANAGER, SECRET]) {
      const { status, stdout } = await lint(values, helm);
      t.equal(status, 0, stdout);
    }
  });

  t.test(`${helm}: values that name no serving certificate are refused`, async (t) => {
    const cases: readonly (readonly [values: unknown, words: readonly string[]])[] = [
      [{ certificate: { mode: "self-made" } }, ["managed", "secret", "cert-manager"]],
      [{ certificate: { mode: "secret", caBundle: CA } }, ["certificate.secretName"]],
      [{ certificate: { mode: "secret", secretName: "serving" } }, ["certificate.caBundle"]],
      [{ certificate: { mode: "secret", secretName: "serving", caBundle: "LS0tLS1CRUdJTg==" } }, ["certificate.caBundle", "--set-file"]],
      [{ ...CERT_MANAGER, registryCA: { configMapName: "a", secretName: "b" } }, ["registryCA", "not both"]],
    ];
    for (const [values, words] of cases) {
      const { status, stderr } = await tryRender(values, helm);
      t.not(status, 0);
      for (const word of words) t.ok(stderr.includes(word), `${word} is named`);
    }
  });

  t.test(`${helm}: values that nobody reads are refused`, async (t) => {
    const cases: readonly (readonly [values: object, words: readonly string[]])[] = [
      [{ replica: 3 }, ["replica"]],
      [{ image: { repo: "x" } }, ["repo"]],
      [{ config: { lisen: "0.0.0.0:1" } }, ["lisen"]],
      [{ config: { defaults: { enforce: "sined" } } }, ["/config/defaults/enforce", "verified"]],
      [{ config: { registries: [{ plainHTTP: true }] } }, ["host"]],
      [{ config: { requestSeconds: 99 } }, ["30"]],
    ];
    for (const [values, words] of cases) {
      const { status, stderr } = await tryRender({ ...CERT_MANAGER, ...values }, helm);
      t.not(status, 0);
      for (const word of words) t.ok(stderr.includes(word), `${word} is named`);
    }
    t.equal((await tryRender({ ...CERT_MANAGER, global: { anything: 1 } }, helm)).status, 0, "a parent chart's globals are not ours to judge");
  });
}

t.test("both Helms render the same objects", async (t) => {
  const byName = (objects: readonly KubernetesObject[]) => Object.fromEntries(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
  for (const values of [MANAGED, CERT_MANAGER, SECRET]) t.same(byName(await renderChart(values, "helm3")), byName(await renderChart(values, "helm4")));
});

t.test("the webhook entries", async (t) => {
  const entries = webhooks(await renderChart(SECRET));
  const pods = ["pods", "pods/ephemeralcontainers", "pods/resize"];
  const templates = ["podtemplates", "replicationcontrollers", "daemonsets", "deployments", "replicasets", "statefulsets", "cronjobs", "jobs"];
  const expected: readonly (readonly [name: string, failurePolicy: string, timeoutSeconds: number, resources: readonly string[]])[] = [
    ["enforce", "Fail", 10, pods],
    ["templates", "Ignore", 5, templates],
    ["observe-warn", "Ignore", 3, [...pods, ...templates]],
    ["observe-audit", "Ignore", 3, [...pods, ...templates]],
    ["namespaces", "Ignore", 5, ["namespaces"]],
    ["policies", "Ignore", 5, ["clustertrustpolicies", "trustpolicies"]],
  ];
  t.same(entries.map(({ name }) => name), expected.map(([name]) => `${name}.pratique.dev`));
  for (const [index, [name, failurePolicy, timeoutSeconds, resources]] of expected.entries()) {
    t.match(entries[index], {
      failurePolicy,
      timeoutSeconds,
      matchPolicy: "Equivalent",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      clientConfig: {
        service: { name: RELEASE, namespace: RELEASE_NAMESPACE, path: `/validate/${name}`, port: 443 },
        caBundle: Buffer.from(CA).toString("base64"),
      },
    });
    t.same(entries[index]?.rules.flatMap(({ resources }) => resources), resources);
    for (const rule of entries[index]?.rules ?? []) t.match(rule, { apiVersions: [name === "policies" ? "v1alpha1" : "v1"], operations: ["CREATE", "UPDATE"] });
  }
  t.same(entries.filter(({ namespaceSelector }) => namespaceSelector === undefined).map(({ name }) => name), ["policies.pratique.dev"], "a policy is judged wherever it is");
  t.same(entries[1]?.rules.map(({ apiGroups }) => apiGroups), [[""], ["apps"], ["batch"]]);
});

// Kubernetes' own reading of a label selector.
function selects({ namespaceSelector }: Webhook, labels: Readonly<Record<string, string>>): boolean {
  return (namespaceSelector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
    }
  });
}

const LABEL_VALUES = [undefined, "none", "signed", "verified", "misspelt"] as const;

interface Modes<Value> {
  readonly enforce: Value;
  readonly warn: Value;
  readonly audit: Value;
}

/** Every choice of a value for each of the three modes. */
function choices<Value>(values: readonly Value[]): readonly Modes<Value>[] {
  return values.flatMap((enforce) => values.flatMap((warn) => values.map((audit) => ({ enforce, warn, audit }))));
}

function labelsOf(set: Modes<string | undefined>): Readonly<Record<string, string>> {
  const labels = Object.entries(set).flatMap(([mode, value]) => (value === undefined ? [] : [[`pratique.dev/${mode}`, value] as const]));
  return { "kubernetes.io/metadata.name": "shop", ...Object.fromEntries(labels) };
}

/** Whether the entries that are called for a namespace are those that its labels and the defaults ask for. */
function covers(entries: readonly Webhook[], set: Modes<string | undefined>, defaults: Modes<string>): boolean {
  const called = new Set(entries.filter((entry) => selects(entry, labelsOf(set))).map(({ name }) => name.replace(".pratique.dev", "")));
  const observers = Number(called.has("observe-warn")) + Number(called.has("observe-audit"));
  const enforces = (set.enforce ?? defaults.enforce) !== "none";
  if (called.has("enforce") !== enforces || called.has("templates") !== enforces || observers > 1) return false;
  // Where the default is none, a misspelt label cannot be told from a missing one.
  if (enforces) return observers === 0 || set.enforce === "misspelt";
  // A misspelt observing label asks for nothing, so it is all the same whether an observer is called.
  const isObserved = [set.warn ?? defaults.warn, set.audit ?? defaults.audit].some((level) => level === "signed" || level === "verified");
  return !isObserved || observers === 1;
}

t.test("each namespace is covered by the entries that its modes need, whatever the defaults are", async (t) => {
  for (const defaults of choices(["none", "signed"])) {
    const entries = selective(await renderChart({ ...CERT_MANAGER, config: { defaults } }));
    t.same(choices(LABEL_VALUES).filter((set) => !covers(entries, set, defaults)), [], `defaults ${JSON.stringify(defaults)}`);
  }
});

t.test("a namespace that opts out of every mode is not asked about", async (t) => {
  const labels = { "pratique.dev/enforce": "none", "pratique.dev/warn": "none", "pratique.dev/audit": "none" };
  const defaults = { enforce: "signed", warn: "signed", audit: "signed" };
  const entries = selective(await renderChart({ ...CERT_MANAGER, config: { defaults } }));
  t.same(entries.filter((entry) => selects(entry, labels)).map(({ name }) => name), ["namespaces.pratique.dev"]);
});

t.test("kube-system, the release's namespace and exempt ones are left out by name", async (t) => {
  const config = { defaults: { enforce: "signed" }, exemptions: { namespaces: ["cert-manager"] } };
  const entries = selective(await renderChart({ ...CERT_MANAGER, config }));
  const entriesFor = (name: string, labels = {}) => entries.filter((entry) => selects(entry, { "kubernetes.io/metadata.name": name, ...labels })).map(({ name }) => name.split(".")[0]);
  t.same(entriesFor("shop"), ["enforce", "templates", "namespaces"]);
  for (const name of ["kube-system", RELEASE_NAMESPACE]) t.same(entriesFor(name, { "pratique.dev/enforce": "signed" }), []);
  t.same(entriesFor("cert-manager", { "pratique.dev/enforce": "signed", "pratique.dev/warn": "signed" }), ["namespaces"], "its labels are still judged");
});

t.test("the configuration arrives as it was given, and a change of it replaces the Pods", async (t) => {
  const config = {
    listen: "0.0.0.0:9443",
    metricsListen: "[::]:9091",
    cache: { maxBytes: 134217728, tagSeconds: 0 },
    registries: [{ host: "harbor.example.com", repositories: ["shop/**"], dockerConfigFile: "/etc/pratique/credentials/config.json" }],
    namespaces: { shop: { "pratique.dev/require-digest": "true" } },
  };
  const objects = await renderChart({ ...CERT_MANAGER, config });
  const text = only(objects, "ConfigMap").data["pratique.yaml"];
  t.same(parseConfig(text, "rendered"), parseConfig(stringify(config), "given"));
  t.match(only(objects, "Deployment").spec.template.spec.containers[0].ports, [{ name: "https", containerPort: 9443 }, { name: "metrics", containerPort: 9091 }]);
  const checksum = (objects: readonly KubernetesObject[]) => only(objects, "Deployment").spec.template.metadata.annotations["checksum/config"];
  t.not(checksum(objects), checksum(await renderChart(CERT_MANAGER)));
  t.same(parseConfig(only(await renderChart(CERT_MANAGER), "ConfigMap").data["pratique.yaml"], "rendered"), parseConfig("", "empty"));
});

t.test("the role holds what is needed and nothing else", async (t) => {
  const objects = await renderChart(CERT_MANAGER);
  t.same(only(objects, "ClusterRole").rules, [
    { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get"] },
    { apiGroups: ["pratique.dev"], resources: ["clustertrustpolicies", "trustpolicies"], verbs: ["list", "watch"] },
    { apiGroups: ["pratique.dev"], resources: ["clustertrustpolicies/status", "trustpolicies/status"], verbs: ["patch"] },
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingwebhookconfigurations"], resourceNames: [RELEASE], verbs: ["delete"] },
  ]);
  t.same((only(await renderChart({ ...CERT_MANAGER, uninstallHook: { enabled: false } }), "ClusterRole").rules as readonly unknown[]).length, 6, "nothing is deleted where no hook runs");
  t.same(only(objects, "Role").rules, [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["pratique-policy-status"], verbs: ["get", "update"] },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  ]);
  const lease = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  const events = { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] };
  const scanning = await renderChart({ ...CERT_MANAGER, config: { audit: { scanMinutes: 60 } } });
  t.same((only(scanning, "ClusterRole").rules as readonly unknown[]).slice(7), [
    { apiGroups: [""], resources: ["podtemplates", "replicationcontrollers"], verbs: ["list"] },
    { apiGroups: ["apps"], resources: ["daemonsets", "deployments", "replicasets", "statefulsets"], verbs: ["list"] },
    { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs: ["list"] },
    events,
  ]);
  t.same(only(scanning, "Role").rules, [{ ...lease, resourceNames: ["pratique-policy-status", "pratique-audit"], verbs: ["get", "update"] }, { ...lease, verbs: ["create"] }]);
  const telling = await renderChart({ ...CERT_MANAGER, config: { audit: { admissionEvents: true } } });
  t.same((only(telling, "ClusterRole").rules as readonly unknown[]).slice(7), [events]);
  const effects = (objects: readonly KubernetesObject[]): readonly unknown[] => only(objects, "ValidatingWebhookConfiguration").webhooks.map(({ sideEffects }) => sideEffects);
  t.same(effects(telling), ["NoneOnDryRun", "NoneOnDryRun", "NoneOnDryRun", "NoneOnDryRun", "None", "None"], "the entries that write Events say so");
  t.same(new Set(effects(scanning)), new Set(["None"]), "a scan is no request's side effect");
  t.match(only(objects, "ClusterRoleBinding"), { roleRef: { name: RELEASE }, subjects: [{ name: RELEASE, namespace: RELEASE_NAMESPACE }] });
  t.equal(only(objects, "Deployment").spec.template.spec.serviceAccountName, only(objects, "ServiceAccount").metadata.name);
});

t.test("the hook of an uninstallation is a Job alone, and its Pod is none that the Service would ask", async (t) => {
  const pod = { tolerations: [{ operator: "Exists" }], nodeSelector: { pool: "system" }, imagePullSecrets: [{ name: "mirror" }], hostNetwork: true };
  const image = { repository: "registry.example.com/pratique", tag: "1" };
  const values = { ...CERT_MANAGER, ...pod, image };
  const hooks = (await renderHooks(values)).filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === "pre-delete");
  const name = `${RELEASE}-remove-webhooks`;
  // Argo CD 3.3 and 3.4 never end a deletion with a hook that is not in a namespace.
  t.same(hooks.map(({ kind, metadata }) => `${kind} ${metadata.name}`), [`Job ${name}`]);
  t.equal(hooks[0]?.metadata.annotations?.["helm.sh/hook-delete-policy"], "before-hook-creation,hook-succeeded");

  const objects = await renderChart(values);
  const { metadata, spec } = only(hooks, "Job").spec.template;
  const served = only(objects, "Deployment").spec.template.spec;
  t.match(spec, { ...pod, serviceAccountName: served.serviceAccountName, securityContext: { runAsNonRoot: true } });
  const [container] = spec.containers;
  const { image: servedImage, securityContext } = served.containers[0] as typeof container & { readonly securityContext?: unknown };
  t.match(container, { image: servedImage, securityContext, args: ["remove-webhooks", `--webhook-configuration=${RELEASE}`] });
  const { selector } = only(objects, "Service").spec as { readonly selector: Readonly<Record<string, string>> };
  t.notOk(Object.entries(selector).every(([key, value]) => metadata.labels[key] === value), "the Service does not select it");

  const without = await renderHooks({ ...values, uninstallHook: { enabled: false } });
  t.same(without.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === "pre-delete"), []);
});

t.test("the labels of namespaces are not protected before that is asked for", async (t) => {
  const kinds = async (values: object): Promise<readonly string[]> =>
    (await renderChart({ ...CERT_MANAGER, ...values })).filter(({ metadata }) => metadata.name === `${RELEASE}-namespace-labels`).map(({ kind }) => kind).sort();
  t.same(await kinds({}), []);
  t.same(await kinds({ labelProtection: { enabled: true } }), ["ClusterRole", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);
});

t.test("a certificate that Pratique looks after: its Secret and its caBundle are left to it, and it may write no other object of their kinds", async (t) => {
  const objects = await renderChart(MANAGED);
  const secret = objects.find(({ kind }) => kind === "Secret");
  t.match(secret, { metadata: { name: `${RELEASE}-certificate` }, type: "Opaque", data: undefined, stringData: undefined });
  t.same(webhooks(objects).filter(({ clientConfig }) => clientConfig.caBundle !== undefined), []);
  const { args, volumeMounts } = only(objects, "Deployment").spec.template.spec.containers[0];
  t.same(args.slice(-3), [`--certificate-secret=${RELEASE}-certificate`, `--service=${RELEASE}`, `--webhook-configuration=${RELEASE}`]);
  t.same(volumeMounts.length, 1, "no file holds it");
  const verbs = ["list", "watch", "update"];
  t.same((only(objects, "Role").rules as readonly unknown[]).slice(2), [{ apiGroups: [""], resources: ["secrets"], resourceNames: [`${RELEASE}-certificate`], verbs }]);
  t.same((only(objects, "ClusterRole").rules as readonly unknown[]).slice(6), [
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingwebhookconfigurations"], resourceNames: [RELEASE], verbs },
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingwebhookconfigurations"], resourceNames: [RELEASE], verbs: ["delete"] },
  ]);
});

t.test("what the values add to the Pods", async (t) => {
  const spec = async (values: object) => only(await renderChart({ ...SECRET, ...values }), "Deployment").spec.template.spec;
  const plain = await spec({});
  t.same(plain.containers[0].env, undefined);
  t.same(plain.containers[0].args, ["serve", "--config=/etc/pratique/config/pratique.yaml", `--installation-namespace=${RELEASE_NAMESPACE}`]);
  t.same(plain.volumes.map(({ name }) => name), ["config", "tls"]);
  t.equal(plain.volumes[1]?.secret?.secretName, "serving");

  const digest = `sha256:${"ab".repeat(32)}`;
  const image = { repository: "registry.example.com/pratique", tag: "1.2", digest: "" };
  t.equal((await spec({ image })).containers[0].image, "registry.example.com/pratique:1.2");
  t.equal((await spec({ image: { ...image, digest } })).containers[0].image, `registry.example.com/pratique@${digest}`);

  const proxied = await spec({ proxy: { httpProxy: "http://p:1", httpsProxy: "http://p:2", noProxy: ".svc,10.0.0.0/8" } });
  t.same(proxied.containers[0].env, [
    { name: "HTTP_PROXY", value: "http://p:1" },
    { name: "HTTPS_PROXY", value: "http://p:2" },
    { name: "NO_PROXY", value: ".svc,10.0.0.0/8" },
  ]);

  for (const [values, source] of [
    [{ configMapName: "corp", key: "ca.pem" }, { configMap: { name: "corp" } }],
    [{ secretName: "corp", key: "ca.pem" }, { secret: { secretName: "corp" } }],
  ] as const) {
    const { containers, volumes } = await spec({ registryCA: values });
    t.same(containers[0].env, [{ name: "NODE_EXTRA_CA_CERTS", value: "/etc/pratique/registry-ca/ca.pem" }]);
    t.match(volumes[2], { name: "registry-ca", ...source });
    t.match(containers[0].volumeMounts[2], { name: "registry-ca", mountPath: "/etc/pratique/registry-ca", readOnly: true });
  }

  const credentials = await spec({ registryCredentials: { secretName: "pull" } });
  t.match(credentials.volumes[2], { name: "credentials", secret: { secretName: "pull", items: [{ key: ".dockerconfigjson", path: "config.json" }] } });
  t.match(credentials.containers[0].volumeMounts[2], { name: "credentials", mountPath: "/etc/pratique/credentials" });

  const placed = {
    imagePullSecrets: [{ name: "own" }],
    nodeSelector: { zone: "a" },
    tolerations: [{ key: "x", operator: "Exists" }],
    affinity: { nodeAffinity: {} },
    priorityClassName: "high",
  };
  t.match(await spec(placed), placed);
  const resources = { requests: { cpu: "1" }, limits: { memory: "1Gi" } };
  t.same((await spec({ resources })).containers[0].resources, { requests: { cpu: "1", memory: "256Mi" }, limits: { memory: "1Gi" } });
  const extra = await spec({ extraVolumes: [{ name: "client-ca", emptyDir: {} }], extraVolumeMounts: [{ name: "client-ca", mountPath: "/client-ca" }] });
  t.same(extra.volumes[2], { name: "client-ca", emptyDir: {} });
  t.same(extra.containers[0].volumeMounts[2], { name: "client-ca", mountPath: "/client-ca" });

  t.equal(only(await renderChart({ ...SECRET, replicas: 5 }), "Deployment").spec.replicas, 5);
  const withoutBudget = await renderChart({ ...SECRET, podDisruptionBudget: { enabled: false } });
  t.equal(withoutBudget.some(({ kind }) => kind === "PodDisruptionBudget"), false);
});

t.test("a Pod that is told to stop has the time to", async (t) => {
  const grace = async (config: object) => only(await renderChart({ ...SECRET, config }), "Deployment").spec.template.spec.terminationGracePeriodSeconds;
  const defaults = parseConfig("", "defaults");
  t.equal(await grace({}), defaults.drainSeconds + defaults.requestSeconds + 15);
  t.equal(await grace({ drainSeconds: 99.5, requestSeconds: 30 }), 100 + 30 + 15);
});

t.test("cert-manager makes the certificate that is mounted, and fills in the CA", async (t) => {
  const objects = await renderChart(CERT_MANAGER);
  const { annotations } = only(objects, "ValidatingWebhookConfiguration").metadata;
  t.equal(annotations?.["cert-manager.io/inject-ca-from"], `${RELEASE_NAMESPACE}/${RELEASE}`);
  for (const { clientConfig } of webhooks(objects)) t.notOk("caBundle" in clientConfig);
  const certificate = objects.find(({ kind, metadata }) => kind === "Certificate" && metadata.name === RELEASE)?.["spec"] as CertificateSpec;
  const mounted = only(objects, "Deployment").spec.template.spec.volumes[1]?.secret;
  t.match(certificate, { secretName: mounted?.secretName, issuerRef: { name: `${RELEASE}-ca`, kind: "Issuer" } });
  t.ok(certificate.dnsNames.includes(`${RELEASE}.${RELEASE_NAMESPACE}.svc`));
  const issuerRef = { name: "corp", kind: "ClusterIssuer", group: "cert-manager.io" };
  const named = await renderChart({ certificate: { ...CERT_MANAGER.certificate, issuerRef } });
  t.same(only(named, "Certificate").spec.issuerRef, issuerRef);
  t.equal(named.some(({ kind }) => kind === "Issuer"), false, "no issuer beside the one that was named");
});

t.test("authorities that are put together without a line feed between them can still be read", async (t) => {
  const joined = CA.trim() + CA.trim();
  for (const mode of ["secret", "managed"]) {
    const [first] = webhooks(await renderChart({ certificate: { mode, secretName: "serving", caBundle: joined } }));
    t.equal(certificateBlocks(Buffer.from(first?.clientConfig.caBundle ?? "", "base64").toString()).length, 2, mode);
  }
});

t.test("the notes tell the next step", async (t) => {
  const notes = async (values: object) => {
    const { status, stdout, stderr } = await execute(program("helm4"), ["install", "--dry-run=client", RELEASE, CHART, "-n", RELEASE_NAMESPACE, "--values", "-"], { input: stringify({ ...SECRET, ...values }) });
    t.equal(status, 0, stderr);
    return stdout.slice(stdout.indexOf("NOTES:"));
  };
  const first = await notes({});
  for (const words of ["kubectl rollout status deployment/pratique", "pratique.dev/warn=signed", "Nothing is refused yet", "pratique.pratique-system.svc", "config.signed.repositories", "no ClusterTrustPolicy governs"]) t.ok(first.includes(words), words);
  const enforcing = await notes({ config: { defaults: { enforce: "signed" }, signed: { repositories: ["a.b/**"] } }, registryCredentials: { secretName: "pull" } });
  for (const words of ["every namespace enforces `signed`", "exemptions.namespaces", "dockerConfigFile"]) t.ok(enforcing.includes(words), words);
  for (const words of ["Nothing is refused yet", "signed.repositories", "certificate.caBundle"]) t.notOk(enforcing.includes(words), words);
  t.ok((await notes({ certificate: { mode: "managed", caBundle: CA } })).includes("--reset-then-reuse-values --set certificate.caBundle="), "what was trusted for one upgrade");
});

t.test("the definitions come with the release unless a value says otherwise", async (t) => {
  const crds = async (values: object) => (await renderChart({ ...SECRET, ...values })).filter(({ kind }) => kind === "CustomResourceDefinition");
  const names = ["clustertrustpolicies.pratique.dev", "trustpolicies.pratique.dev"];
  t.same((await crds({})).map(({ metadata }) => metadata.name), names);
  for (const { metadata } of await crds({})) t.equal(metadata.annotations?.["helm.sh/resource-policy"], "keep");
  t.same(await crds({ crds: { install: false } }), []);
});

t.test("a real API server", async (t) => {
  const cluster: Cluster = await startCluster();
  t.teardown(() => cluster.stop());
  const kubeconfig = join(cluster.folder.path, "admin.kubeconfig");
  await cluster.call("POST", "/api/v1/namespaces", {
    metadata: { name: RELEASE_NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted" } },
  });
  for (const helm of HELMS) {
    const run = (...args: readonly string[]) =>
      execute(program(helm), [...args, "--namespace", RELEASE_NAMESPACE, "--kubeconfig", kubeconfig], { input: stringify(SECRET), env: { HOME: cluster.folder.path } });
    const installed = await run("install", RELEASE, CHART, "--values", "-");
    t.equal(installed.status, 0, installed.stderr);
    t.notMatch(installed.stderr, /[Ww]arning/, "neither a field nor the Pod's security is objected to");
    await established(cluster);
    const stale = await cluster.kubectl(["patch", "crd", "trustpolicies.pratique.dev", "--type=json", "-p", '[{"op":"replace","path":"/spec/names/shortNames","value":[]}]']);
    t.equal(stale.status, 0, stale.stderr);
    const upgraded = await run("upgrade", RELEASE, CHART, "--values", "-", "--set", "replicas=3", ...(helm === "helm4" ? ["--force-conflicts"] : []));
    t.equal(upgraded.status, 0, upgraded.stderr);
    t.match((await cluster.call("GET", `${CRDS}/trustpolicies.pratique.dev`)).body, { spec: { names: { shortNames: ["tp"] } } }, "an upgrade brings the definitions up to date");

    const { metadata, spec } = only(await renderChart(SECRET), "Deployment").spec.template;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "pratique", namespace: RELEASE_NAMESPACE }, spec };
    const created = await cluster.call("POST", `/api/v1/namespaces/${RELEASE_NAMESPACE}/pods?dryRun=All&fieldValidation=Strict`, { ...pod, spec: { ...spec, serviceAccountName: RELEASE } });
    t.equal(created.status, 201, JSON.stringify(created.body));
    const uninstalled = await run("uninstall", RELEASE, "--no-hooks");
    t.equal(uninstalled.status, 0, uninstalled.stderr);
    t.equal((await cluster.call("GET", `${CRDS}/clustertrustpolicies.pratique.dev`)).status, 200, "the definitions stay");
  }
  await policies(t, cluster);
});

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function established(cluster: Cluster): Promise<void> {
  const waited = await cluster.kubectl(["wait", "--for=condition=Established", "crd/clustertrustpolicies.pratique.dev", "crd/trustpolicies.pratique.dev", "--timeout=30s"]);
  if (waited.status !== 0) throw new Error(waited.stderr);
}

const KEY = { key: { data: generateSigningKey().publicKey } };
const PASS = { static: { action: "pass" } };

// Pratique is not there to be asked: what is refused here is refused by the definitions alone. The decoder, whose rules
// they repeat, must find the same fault in the same place.
async function policies(t: Test, cluster: Cluster): Promise<void> {
  const put = (kind: PolicyKind, spec: object) => cluster.kubectl(["create", "-n", "default", "--dry-run=server", "-o", "json", "-f", "-"], { input: JSON.stringify({ apiVersion: "pratique.dev/v1alpha1", kind, metadata: { name: "p" }, spec }) });
  const spec = (change: JsonObject): JsonObject => ({ images: [{ glob: "harbor.example.com/**" }], authorities: [KEY], ...change });
  const bad: readonly (readonly [kind: PolicyKind, spec: JsonObject, words: readonly [path: string, ...others: string[]]])[] = [
    ["ClusterTrustPolicy", {}, ["spec.images", "spec.authorities", "Required"]],
    ["ClusterTrustPolicy", spec({ images: [] }), ["spec.images"]],
    ["ClusterTrustPolicy", spec({ images: [{ glob: 1 }] }), ["spec.images[0].glob"]],
    ["ClusterTrustPolicy", spec({ authorities: [{}] }), ["spec.authorities[0]", "exactly one of key and static"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ keyless: {} }] }), ["spec.authorities[0]", "keyless authorities are not there yet"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ ...KEY, ...PASS }] }), ["spec.authorities[0]", "exactly one of key and static"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ key: {} }] }), ["spec.authorities[0].key", "exactly one of data and secretRef"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ key: { kms: "gcpkms://x" } }] }), ["spec.authorities[0].key", "cosign public-key"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ key: { ...KEY.key, secretRef: { name: "k" } } }] }), ["spec.authorities[0].key"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ key: { secretRef: { name: "No_Secret" } } }] }), ["spec.authorities[0].key.secretRef.name"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ key: { ...KEY.key, hashAlgorithm: "md5" } }] }), ["spec.authorities[0].key.hashAlgorithm"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ ...PASS, source: [{ oci: "a.b/c" }] }] }), ["spec.authorities[0]", "no use beside static"]],
    ["ClusterTrustPolicy", spec({ threshold: 2 }), ["spec.threshold", "could never be met"]],
    ["ClusterTrustPolicy", spec({ threshold: 0 }), ["spec.threshold"]],
    ["ClusterTrustPolicy", spec({ threshold: 2, authorities: [KEY, PASS] }), ["spec.threshold", "static authority"]],
    ["ClusterTrustPolicy", spec({ index: "all" }), ["spec.index"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ ...KEY, name: "a" }, KEY, { ...KEY, name: "a" }] }), ["spec.authorities", "one of its own"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ ...KEY, name: "two\nlines" }] }), ["spec.authorities[0].name"]],
    ["ClusterTrustPolicy", spec({ authorities: [{ ...KEY, source: [{ oci: "a.b/c", tagPrefix: "-x" }] }] }), ["spec.authorities[0].source[0].tagPrefix"]],
    ["TrustPolicy", spec({ authorities: [PASS] }), ["spec.authorities[0].static.action", "narrows"]],
  ];
  for (const [kind, body, words] of bad) {
    const { status, stderr } = await put(kind, body);
    t.not(status, 0, JSON.stringify(body));
    for (const word of words) t.ok(stderr.includes(word), `${word} is named`, { stderr });
    t.ok(faults(kind, body).some((path) => path.startsWith(words[0])), `the decoder refuses ${words[0]} too`);
  }
  const accepted: readonly (readonly [kind: PolicyKind, spec: JsonObject])[] = [
    ["ClusterTrustPolicy", spec({})],
    ["ClusterTrustPolicy", spec({ authorities: [PASS, KEY] })],
    ["TrustPolicy", spec({ authorities: [{ static: { action: "fail" } }, { key: { secretRef: { name: "a.b" } } }] })],
    ["TrustPolicy", spec({ authorities: [{ ...KEY, name: "a" }, { ...KEY, name: "b" }, KEY, KEY], threshold: 4 })],
    ["TrustPolicy", spec({ authorities: [{ ...KEY, source: [{ oci: "a.b/c", tagPrefix: "x" }], attestations: [{ predicateType: "slsaprovenance" }] }] })],
  ];
  const largest = { images: Array.from({ length: 64 }, () => ({ glob: "a".repeat(512) })), authorities: Array.from({ length: 32 }, (_, i) => ({ ...KEY, name: `${i}`.padStart(63, "a") })), threshold: 32 };
  for (const [kind, body] of [...accepted, ["TrustPolicy", largest] as const]) {
    const { status, stderr } = await put(kind, body);
    t.equal(status, 0, stderr);
    t.same(faults(kind, body), [], JSON.stringify(body));
  }
  const good = await put("ClusterTrustPolicy", spec({ authorities: [{ key: { secretRef: { name: "keys" } }, misspelt: { deep: true } }], treshold: 2 }));
  t.equal(good.status, 0, good.stderr);
  t.match(JSON.parse(good.stdout), { spec: { threshold: 1, treshold: 2, authorities: [{ key: { secretRef: { key: "cosign.pub" } }, misspelt: { deep: true } }] } }, "defaults are filled in, and what is misspelt is not hidden");
  await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "release" }, spec: spec({}) }) });
  const listed = await cluster.kubectl(["get", "ctp"]);
  t.match(listed.stdout, /NAME +READY +IMAGES +THRESHOLD +AGE\nrelease +harbor\.example\.com\/\*\* +1 /);
  t.match((await cluster.kubectl(["get", "pratique", "-A"])).stdout, /clustertrustpolicy\.pratique\.dev\/release/);
}

/** Where the decoder finds a policy wrong. */
function faults(kind: PolicyKind, spec: JsonObject): readonly string[] {
  const decoded = decodePolicy(kind, { metadata: { name: "p", namespace: "default" }, spec }, RELEASE_NAMESPACE);
  return decoded.spec.kind === "unreadable" ? decoded.spec.problems.map(({ path }) => path) : [];
}
