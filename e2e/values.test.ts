// What the chart's values make of its objects, and that a real API server takes them under any two values together.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { stringify } from "yaml";
import { createAuthority } from "../test/helpers/certificates.ts";
import { ChartValuesSchema } from "../tools/generate/chart-values.ts";
import { defineCertManager } from "./harness/cert-manager.ts";
import { CHART, type Helm, type KubernetesObject, objectsIn, only, RELEASE, RELEASE_NAMESPACE, renderChart, renderHooks, renderText, tryRender } from "./harness/chart.ts";
import { type Cluster, startCluster } from "./harness/cluster.ts";
import { groupsOf, leavesOf, otherValue, valueAt, withValue } from "./harness/other-value.ts";
import { type Combination, type Factors, pairwise } from "./harness/pairwise.ts";
import { execute, type Outcome } from "./harness/process.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

t.plan(PLANS.values);

const HELMS: readonly Helm[] = ["helm3", "helm4"];
const { cert: CA } = await createAuthority("chart");
const SELECTOR = { matchLabels: { "app.kubernetes.io/name": "pratique", "app.kubernetes.io/instance": RELEASE } };

const deployment = async (values: object) => only(await renderChart(values), "Deployment");
const podSpec = async (values: object): Promise<Readonly<Record<string, unknown>>> => ({ ...(await deployment(values)).spec.template.spec });

t.test("two Pods, each revision spread over nodes and zones, that roll without a gap", async (t) => {
  const { spec } = await deployment({});
  t.match(spec, { replicas: 2, minReadySeconds: 5, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, selector: SELECTOR });
  const constraint = { maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", matchLabelKeys: ["pod-template-hash"], labelSelector: SELECTOR };
  t.strictSame((await podSpec({}))["topologySpreadConstraints"], [
    { ...constraint, topologyKey: "kubernetes.io/hostname" },
    { ...constraint, topologyKey: "topology.kubernetes.io/zone" },
  ]);
  const own = [{ maxSkew: 2, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }];
  t.strictSame((await podSpec({ topologySpreadConstraints: own }))["topologySpreadConstraints"], own);
});

t.test("the budget never blocks a drain, with one Pod or with many", async (t) => {
  for (const replicas of [1, 2, 9]) {
    t.strictSame(only(await renderChart({ replicas }), "PodDisruptionBudget").spec, { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: SELECTOR });
  }
});

t.test("a Pod is given time to start, and is asked over TLS", async (t) => {
  const [container] = (await deployment({ config: { listen: "[::]:9443" } })).spec.template.spec.containers;
  const probe = (path: string) => ({ httpGet: { path, port: "https", scheme: "HTTPS" } });
  t.match(container, { startupProbe: probe("/livez"), livenessProbe: probe("/livez"), readinessProbe: probe("/readyz"), ports: [{ name: "https", containerPort: 9443 }, {}] });
});

t.test("an autoscaler decides on the number of Pods", async (t) => {
  const objects = await renderChart({ autoscaling: { enabled: true, minReplicas: 3 } });
  t.notOk("replicas" in only(objects, "Deployment").spec, "so an upgrade does not");
  t.match(only(objects, "HorizontalPodAutoscaler").spec, {
    scaleTargetRef: { kind: "Deployment", name: RELEASE },
    minReplicas: 3,
    maxReplicas: 6,
    metrics: [{ resource: { name: "cpu", target: { averageUtilization: 80 } } }],
    behavior: { scaleUp: { stabilizationWindowSeconds: 60 } },
  });
  const metrics = [{ type: "Pods", pods: { metric: { name: "x" }, target: { type: "AverageValue", averageValue: "1" } } }];
  t.match(only(await renderChart({ autoscaling: { enabled: true, metrics } }), "HorizontalPodAutoscaler").spec, { metrics });
});

t.test("Pods in the network of their nodes make room for each other, and find names", async (t) => {
  const { spec } = await deployment({ hostNetwork: true, config: { listen: "0.0.0.0:10443", metricsListen: "0.0.0.0:10090" } });
  t.strictSame(spec.strategy, { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
  t.match(spec.template.spec, { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet", containers: [{ ports: [{ containerPort: 10443 }, { containerPort: 10090 }] }] });
  t.match(await podSpec({ dnsPolicy: "None", dnsConfig: { nameservers: ["10.0.0.10"] } }), { dnsPolicy: "None", dnsConfig: { nameservers: ["10.0.0.10"] } });
});

t.test("a system priority class brings the quota that some clusters ask for", async (t) => {
  const quotas = async (priorityClassName: string) => (await renderChart({ priorityClassName })).filter(({ kind }) => kind === "ResourceQuota");
  t.match(await quotas("system-cluster-critical"), [{ spec: { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["system-cluster-critical"] }] } } }]);
  for (const name of ["", "high"]) t.strictSame(await quotas(name), []);
});

t.test("what the security context is, and how one field of it is taken out", async (t) => {
  const restricted = { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: { type: "RuntimeDefault" } };
  t.strictSame((await podSpec({}))["securityContext"], restricted);
  const { runAsUser: _, ...others } = restricted;
  t.strictSame((await podSpec({ podSecurityContext: { runAsUser: null } }))["securityContext"], others);
  t.match(await podSpec({}), { containers: [{ securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } } }] });
});

const REGISTRIES = [
  { host: "harbor.example.com:5000", tokenRealms: ["auth.example.com:8443"], mirrors: [{ location: "mirror.example.com:6000/hub" }, { location: "mirror.example.com" }] },
  { host: "plain.example.com", plainHTTP: true },
  { host: "europe-docker.pkg.dev", credentials: "gar" },
  { host: "111122223333.dkr.ecr.eu-central-1.amazonaws.com", credentials: "ecr" },
];

t.test("the NetworkPolicy opens what the configuration names, and nothing else", async (t) => {
  const policy = async (values: object) => only(await renderChart({ networkPolicy: { enabled: true }, ...values }), "NetworkPolicy").spec;
  const tcp = (...ports: readonly (number | string)[]) => ports.map((port) => ({ protocol: "TCP", port }));
  const dns = { ports: [{ protocol: "UDP", port: 53 }, ...tcp(53)] };
  const plain = await policy({});
  t.match(plain, { podSelector: SELECTOR, policyTypes: ["Ingress", "Egress"] });
  t.strictSame(plain.ingress, [{ ports: tcp("https") }, { ports: tcp("metrics"), from: [{ namespaceSelector: {} }] }]);
  t.strictSame(plain.egress, [dns, { ports: tcp(443, 6443) }]);
  const full = await policy({ config: { registries: REGISTRIES }, proxy: { httpProxy: "http://user:secret@proxy.example.com:3128", httpsProxy: "socks5://proxy.example.com" } });
  const on = (cidr: string, port: number) => ({ to: [{ ipBlock: { cidr } }], ports: tcp(port) });
  t.strictSame(full.egress, [dns, { ports: tcp(1080, 3128, 443, 5000, 6000, 6443, 80, 8443) }, on("169.254.169.254/32", 80), on("169.254.169.252/32", 988), on("169.254.170.23/32", 80)]);
  const rules = { metricsFrom: [], registryPorts: [], apiServerPorts: [8443], extraIngress: [{ from: [] }], extraEgress: [on("192.0.2.1/32", 1)] };
  const own = await policy({ networkPolicy: { enabled: true, ...rules } });
  t.strictSame(own.ingress, [{ ports: tcp("https") }, { from: [] }], "nobody reads the metrics");
  t.strictSame(own.egress, [dns, { ports: tcp(8443) }, on("192.0.2.1/32", 1)]);
});

t.test("every object has the labels and annotations of the values, its own namespace, and one name", async (t) => {
  const values = {
    fullnameOverride: "gate",
    commonLabels: { team: "platform", "app.kubernetes.io/name": "other" },
    commonAnnotations: { "example.com/owner": "platform" },
    podLabels: { pod: "mine", "app.kubernetes.io/instance": "other" },
    podAnnotations: { "example.com/pod": "mine", "checksum/config": "none" },
    deploymentAnnotations: { "example.com/deployment": "mine" },
    service: { labels: { service: "mine" }, annotations: { "example.com/service": "mine" }, ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6", "IPv4"] },
    serviceAccount: { name: "keeper", labels: { account: "mine" }, annotations: { "example.com/account": "mine" } },
    webhooks: { labels: { webhooks: "mine" }, annotations: { "example.com/webhooks": "mine" } },
    monitoring: { monitor: "service", rules: { enabled: true }, dashboard: { enabled: true } },
  };
  const objects = await renderChart({ ...values, certificate: { mode: "cert-manager" } });
  for (const { kind, metadata } of [...objects, ...(await renderHooks(values))]) {
    t.match(metadata, { labels: { "app.kubernetes.io/name": /^pratique/, "app.kubernetes.io/instance": RELEASE, team: "platform" }, annotations: { "example.com/owner": "platform" } }, `${kind} ${metadata.name}`);
    t.equal(metadata.namespace, CLUSTER_WIDE.has(kind) ? undefined : RELEASE_NAMESPACE, `the namespace of ${kind} ${metadata.name}`);
    t.match(metadata.name, /^(gate(-.+)?|keeper|pratique-policy-status|(cluster)?trustpolicies\.pratique\.dev)$/);
  }
  const { metadata, spec } = only(objects, "Deployment");
  t.match(metadata.annotations, { "example.com/deployment": "mine" });
  t.match(spec, { selector: SELECTOR, template: { metadata: { labels: { ...SELECTOR.matchLabels, team: "platform", pod: "mine" }, annotations: { "example.com/pod": "mine", "checksum/config": /^[0-9a-f]{64}$/ } } } });
  t.match(only(objects, "Service"), { metadata: { labels: { service: "mine" }, annotations: { "example.com/service": "mine" } }, spec: { selector: SELECTOR.matchLabels, ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6", "IPv4"] } });
  t.match(only(objects, "ServiceAccount").metadata, { name: "keeper", labels: { account: "mine" }, annotations: { "example.com/account": "mine" } });
  t.equal(spec.template.spec.serviceAccountName, "keeper");
  t.match(only(objects, "ClusterRoleBinding"), { roleRef: { name: "gate" }, subjects: [{ name: "keeper", namespace: RELEASE_NAMESPACE }] });
  const annotations = { "example.com/webhooks": "mine", "admissions.enforcer/disabled": "true", "cert-manager.io/inject-ca-from": `${RELEASE_NAMESPACE}/gate` };
  t.match(only(objects, "ValidatingWebhookConfiguration"), { metadata: { labels: { webhooks: "mine" }, annotations }, webhooks: [{ clientConfig: { service: { name: "gate" } } }] });
  t.equal((await renderChart({ serviceAccount: { create: false, name: "keeper" } })).some(({ kind }) => kind === "ServiceAccount"), false);
});

const CLUSTER_WIDE: ReadonlySet<string> = new Set(["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);

t.test("the API server waits for as long as a review may last", async (t) => {
  const timeouts = async (requestSeconds: number) => only(await renderChart({ config: { requestSeconds } }), "ValidatingWebhookConfiguration").webhooks.map(({ timeoutSeconds }) => timeoutSeconds);
  for (const [seconds, enforce] of [[0.5, 3], [8, 10], [20.5, 23], [30, 30]] as const) t.strictSame(await timeouts(seconds), [enforce, 5, 3, 3, 5, 5], `${seconds} s`);
});

t.test("the Leases come with the release, empty", async (t) => {
  const leases = async (config: object) => (await renderChart({ config })).filter(({ kind }) => kind === "Lease");
  t.strictSame((await leases({})).map(({ metadata }) => metadata.name), ["pratique-policy-status"]);
  const scanning = await leases({ audit: { scanMinutes: 60 } });
  t.strictSame(scanning.map(({ metadata }) => metadata.name), ["pratique-policy-status", "pratique-audit"]);
  for (const lease of scanning) t.notOk("spec" in lease);
});

t.test("helm test runs `pratique doctor` in a Pod of its own, with the rights that docs/doctor.md lists", async (t) => {
  const hooks = (await renderHooks({ certificate: { mode: "secret", secretName: "pratique-tls", caBundle: CA } })).filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === "test");
  t.strictSame(hooks.map(({ kind }) => kind).sort(), ["ClusterRole", "ClusterRoleBinding", "Pod", "Role", "RoleBinding", "ServiceAccount"]);
  const { metadata, spec } = only(hooks, "Pod");
  t.match(spec.containers[0].args, ["doctor", `--namespace=${RELEASE_NAMESPACE}`, "--ask=policies"]);
  t.match(spec, { restartPolicy: "Never", serviceAccountName: `${RELEASE}-test`, securityContext: { runAsNonRoot: true } });
  t.not(metadata.labels?.["app.kubernetes.io/name"], SELECTOR.matchLabels["app.kubernetes.io/name"], "neither the Service nor the budget take it for one that answers");
  for (const { metadata } of hooks) t.match(metadata.annotations, { "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded" });
  const documented = [...(await readFile(join(CHART, "../../docs/doctor.md"), "utf8")).matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, text = ""]) => objectsIn(text));
  for (const kind of ["ClusterRole", "Role"] as const) t.strictSame(withoutNames(only(hooks, kind).rules), withoutNames(only(documented, kind).rules), kind);
});

/** The release has one Secret with a certificate, and the page names those of every mode. */
function withoutNames(rules: unknown): unknown {
  return JSON.parse(JSON.stringify(rules, (key, value: unknown) => (key === "resourceNames" ? undefined : value)));
}

/** What else must be set for a value to matter, by the beginning of its path. */
const CONTEXTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  autoscaling: { autoscaling: { enabled: true } },
  "certificate.issuerRef": { certificate: { mode: "cert-manager", issuerRef: { name: "corporate" } } },
  certificate: { certificate: { mode: "secret", secretName: "serving", caBundle: CA } },
  labelProtection: { labelProtection: { enabled: true } },
  monitoring: { monitoring: { monitor: "service", rules: { enabled: true }, dashboard: { enabled: true } } },
  networkPolicy: { networkPolicy: { enabled: true } },
  "registryCA.key": { registryCA: { configMapName: "ca" } },
  serviceAccount: { serviceAccount: { name: "keeper" } },
};
/** Values that are not just any text or object. */
const SPECIAL: Readonly<Record<string, unknown>> = {
  "certificate.caBundle": `${CA}${CA}`,
  dnsPolicy: "Default",
  "labelProtection.validationActions": ["Warn"],
  "image.digest": `sha256:${"a".repeat(64)}`,
  "monitoring.interval": "30s",
  "monitoring.scrapeTimeout": "10s",
  "monitoring.rules.alerts": { PratiqueDenialsRising: { enabled: false } },
};

t.test("every value changes something", async (t) => {
  const { config: _, global: __, ...properties } = ChartValuesSchema.properties;
  const leaves = leavesOf({ properties });
  t.ok(leaves.length > 70);
  const before = new Map<string, Promise<string>>();
  const unread: string[] = [];
  for (const { path, node } of leaves) {
    const name = path.join(".");
    const prefix = Object.keys(CONTEXTS).find((prefix) => name.startsWith(prefix)) ?? "";
    const context = CONTEXTS[prefix] ?? {};
    const plain = before.get(prefix) ?? renderText(context);
    before.set(prefix, plain);
    const [without, changed] = await Promise.all([plain, renderText(withValue(context, path, SPECIAL[name] ?? otherValue(node, valueAt(context, path) ?? node.default)))]);
    if (without === changed) unread.push(name);
  }
  t.strictSame(unread, []);
});

t.test("a value that is left empty is as good as none, or is refused with a word on why", async (t) => {
  const { config: _, global: __, ...properties } = ChartValuesSchema.properties;
  const unclear: string[] = [];
  for (const { path } of leavesOf({ properties })) {
    const name = path.join(".");
    const context = CONTEXTS[Object.keys(CONTEXTS).find((prefix) => name.startsWith(prefix)) ?? ""] ?? {};
    const { status, stdout, stderr } = await tryRender(withValue(context, path, null), "helm4");
    if (status === 0 ? stdout.includes("<nil>") || /: null$/m.test(stdout) : !stderr.includes("execution error at")) unclear.push(`${name}: ${stderr}`);
  }
  t.strictSame(unclear, []);
});

for (const helm of HELMS) {
  t.test(`${helm}: a group that is left empty is named`, async (t) => {
    const { config: _, global: __, ...properties } = ChartValuesSchema.properties;
    for (const path of [...groupsOf({ properties }), ["config"]]) {
      const { status, stderr } = await tryRender(withValue({}, path, null), helm);
      t.not(status, 0);
      t.match(stderr, `${path.join(".")} is empty: leave it out of your values to have its defaults`);
    }
  });

  t.test(`${helm}: a release whose name no Service can have is refused before anything is made`, async (t) => {
    for (const release of ["my.release", "1st"]) {
      const { status, stderr } = await execute(program(helm), ["template", release, CHART, "--kube-version", "1.36.0"]);
      t.not(status, 0);
      t.match(stderr, `release ${release}: no Service can be called ${release}-pratique; give the objects a name by fullnameOverride`);
      t.equal((await execute(program(helm), ["template", release, CHART, "--kube-version", "1.36.0", "--set", "fullnameOverride=gate"])).status, 0, "which helps");
    }
  });

  t.test(`${helm}: values that cannot work are refused with a word on why`, async (t) => {
    const cases: readonly (readonly [values: object, words: readonly string[]])[] = [
      [{ hostNetwork: true, networkPolicy: { enabled: true } }, ["networkPolicy.enabled", "hostNetwork", "leave one of them out"]],
      [{ autoscaling: { enabled: true, minReplicas: 7 } }, ["autoscaling.minReplicas", "autoscaling.maxReplicas"]],
      [{ serviceAccount: { create: false } }, ["serviceAccount.name"]],
      [{ config: { listen: "127.0.0.1:8443" } }, ["config.listen", "0.0.0.0"]],
      [{ config: { metricsListen: "localhost:9090" } }, ["config.metricsListen", "0.0.0.0"]],
      [{ config: { listen: "[::]:0" } }, ["config.listen", "must name a port"]],
      [{ config: { listen: "0.0.0.0:9090" } }, ["config.listen", "config.metricsListen", "same port, 9090"]],
      [{ fullnameOverride: "Gate" }, ["fullnameOverride"]],
      [{ image: { digest: "sha256:abc" } }, ["/image/digest"]],
      [{ networkPolicy: { apiServerPorts: [] } }, ["/networkPolicy/apiServerPorts"]],
      [{ podLabels: { injected: true } }, ["/podLabels/injected", "string"]],
      [{ dnsPolicy: "Cluster" }, ["/dnsPolicy"]],
    ];
    for (const [values, words] of cases) {
      const { status, stderr } = await tryRender(values, helm);
      t.not(status, 0, JSON.stringify(values));
      for (const word of words) t.ok(stderr.includes(word), `${word} is named`, { stderr });
    }
  });
}

const cluster: Cluster = await startCluster();
t.teardown(() => cluster.stop());
await cluster.call("POST", "/api/v1/namespaces", { metadata: { name: RELEASE_NAMESPACE, labels: { "pod-security.kubernetes.io/warn": "restricted" } } });
// A Pod is taken only where its account is there, and a dry run makes none.
for (const name of ["pratique", "gate"]) await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: `${name}-test` } }, RELEASE_NAMESPACE);
await defineCertManager(cluster);

const FACTORS: Factors = {
  certificate: {
    managed: {},
    "cert-manager": { certificate: { mode: "cert-manager" } },
    secret: { certificate: { mode: "secret", secretName: "serving", caBundle: CA } },
  },
  network: {
    pods: {},
    nodes: { hostNetwork: true },
    policy: { networkPolicy: { enabled: true, extraIngress: [{ from: [{ podSelector: {} }] }], extraEgress: [{ to: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }] } },
  },
  config: {
    default: {},
    registries: { config: { registries: REGISTRIES, signed: { repositories: ["a.b/**"] } }, registryCredentials: { secretName: "pull" } },
    all: { config: { defaults: { enforce: "signed", warn: "verified" }, exemptions: { namespaces: ["cert-manager"] }, audit: { scanMinutes: 5, admissionEvents: true } } },
  },
  scale: {
    two: {},
    one: { replicas: 1, podDisruptionBudget: { enabled: false } },
    auto: { autoscaling: { enabled: true }, priorityClassName: "system-cluster-critical" },
  },
  ca: { none: {}, configMap: { registryCA: { configMapName: "ca" } }, secret: { registryCA: { secretName: "ca", key: "x.pem" } } },
  pods: {
    plain: {},
    all: {
      podLabels: { a: "b" },
      podAnnotations: { "a.b/c": "d" },
      imagePullSecrets: [{ name: "own" }],
      tolerations: [{ key: "a", operator: "Exists" }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "Exists" }] }] } } },
      dnsConfig: { options: [{ name: "ndots", value: "1" }] },
      extraEnv: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
      extraVolumes: [{ name: "more", emptyDir: {} }],
      extraVolumeMounts: [{ name: "more", mountPath: "/more" }],
      proxy: { httpProxy: "http://p:1", httpsProxy: "http://p:2", noProxy: ".svc" },
    },
  },
  names: { default: {}, own: { fullnameOverride: "gate", serviceAccount: { create: false, name: "keeper" }, commonLabels: { a: "b" }, commonAnnotations: { "a.b/c": "d" }, crds: { install: false } } },
  service: { default: {}, own: { service: { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"], annotations: { a: "b" } }, image: { digest: `sha256:${"a".repeat(64)}` } } },
};

t.test("any two values together: both Helms render the same, and the API server takes it strictly", async (t) => {
  for (const combination of pairwise(FACTORS)) {
    const values = valuesOf(combination);
    const [three, four] = await Promise.all(HELMS.map(async (helm) => objectsIn(await renderText(values, helm))));
    t.strictSame(byName(three ?? []), byName(four ?? []), JSON.stringify(combination));
    const { status, stderr } = await applied(four ?? []);
    t.equal(status, 0, `accepted: ${JSON.stringify(combination)}`, { stderr });
    if (combination["network"] !== "nodes") t.notMatch(stderr, /warning/i, "a restricted namespace takes the Pods");
  }
});

function valuesOf(combination: Combination): object {
  return Object.assign({}, ...Object.entries(combination).map(([factor, level]) => FACTORS[factor]?.[level])) as object;
}

function byName(objects: readonly KubernetesObject[]): Readonly<Record<string, KubernetesObject>> {
  return Object.fromEntries(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
}

function applied(objects: readonly KubernetesObject[]): Promise<Outcome> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  return cluster.kubectl(["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"], { input });
}

for (const helm of HELMS) {
  t.test(`${helm}: an upgrade leaves alone what others look after, and a second release is refused`, async (t) => {
    const run = (args: readonly string[], values: object = {}) =>
      execute(program(helm), [...args, "--kubeconfig", join(cluster.folder.path, "admin.kubeconfig"), ...(args[0] === "uninstall" ? [] : ["--values", "-"])], { input: stringify(values), env: { HOME: cluster.folder.path } });
    const ours = ["--namespace", RELEASE_NAMESPACE, ...(helm === "helm4" ? ["--server-side=true"] : [])];
    const auto = { autoscaling: { enabled: true } };
    const installed = await run(["install", RELEASE, CHART, ...ours], auto);
    t.equal(installed.status, 0, installed.stderr);

    const scale = await cluster.kubectl(["scale", "deployment", RELEASE, "-n", RELEASE_NAMESPACE, "--replicas=5"]);
    const held = await cluster.kubectl(["patch", "lease", "pratique-policy-status", "-n", RELEASE_NAMESPACE, "--field-manager=pratique", "--type=merge", "-p", '{"spec":{"holderIdentity":"a"}}']);
    t.strictSame([scale.status, held.status], [0, 0]);
    const upgraded = await run(["upgrade", RELEASE, CHART, ...ours], { ...auto, config: { logLevel: "debug" } });
    t.equal(upgraded.status, 0, upgraded.stderr);
    const field = async (...args: readonly string[]) => (await cluster.kubectl(["get", "-n", RELEASE_NAMESPACE, ...args])).stdout;
    t.equal(await field("deployment", RELEASE, "-o", "jsonpath={.spec.replicas}"), "5", "the autoscaler's");
    t.equal(await field("lease", "pratique-policy-status", "-o", "jsonpath={.spec.holderIdentity}"), "a", "the program's");

    t.notMatch(upgraded.stdout, /kubectl scale/, "there is an autoscaler already");

    const byHand = await run(["upgrade", RELEASE, CHART, ...ours, ...(helm === "helm4" ? ["--force-conflicts"] : [])], { replicas: 4 });
    t.equal(byHand.status, 0, byHand.stderr);
    const turnedOn = await run(["upgrade", RELEASE, CHART, ...ours, "--dry-run=server"], auto);
    t.match(turnedOn.stdout, `kubectl scale deployment ${RELEASE} -n ${RELEASE_NAMESPACE} --replicas=4`, "the notes say how to keep the Pods");

    const renamed = await run(["upgrade", RELEASE, CHART, ...ours, "--dry-run=server"], { fullnameOverride: "gate" });
    t.equal(renamed.status, 0, `a release may be given other names: ${renamed.stderr}`);
    const second = await run(["install", "second", CHART, "--namespace", "default"]);
    t.not(second.status, 0);
    t.match(second.stderr, /Pratique is in this cluster already: the ValidatingWebhookConfiguration pratique is of release pratique in namespace pratique-system/);
    const uninstalled = await run(["uninstall", RELEASE, "--namespace", RELEASE_NAMESPACE, "--no-hooks"]);
    t.equal(uninstalled.status, 0, uninstalled.stderr);
    t.equal(await field("lease", "-o", "name"), "", "the Leases go with the release");
  });
}
