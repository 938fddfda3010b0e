// One row for each way in which an installation can be wrong: a healthy one, changed in one place.
import { createHash } from "node:crypto";
import t from "tap";
import { CODES, type Code, SEVERITIES, type Severity } from "../../src/doctor/code.ts";
import { createAuthority } from "../helpers/certificates.ts";
import { AUTHORITY, base64, CONFIG, examine, type FakeCluster, type FakeObject, healthyCluster, NAMESPACE, SERVING } from "./cluster.ts";

interface Row {
  readonly name: string;
  /** Another configuration than the healthy one. */
  readonly config?: string;
  readonly change?: (cluster: FakeCluster) => unknown;
  /** Everything that is found then, worst first. */
  readonly found: readonly (readonly [Code, Severity, RegExp])[];
  /** What the first finding's commands say. */
  readonly commands?: readonly (string | RegExp)[];
}

const DAY = 86_400_000;
const other = await createAuthority("somebody else");
const WEBHOOKS = "admissionregistration.k8s.io/validatingwebhookconfigurations";

const first = (cluster: FakeCluster, collection: string): FakeObject => cluster.collections[collection]?.[0] ?? {};
const entry = (cluster: FakeCluster, name: string): FakeObject => first(cluster, WEBHOOKS)["webhooks"].find((webhook: FakeObject) => webhook["name"] === `${name}.pratique.dev`);
const deployment = (cluster: FakeCluster): FakeObject => first(cluster, "apps/deployments");
const addNamespace = (cluster: FakeCluster, name: string, labels: Readonly<Record<string, string>> = {}) => cluster.collections["/namespaces"]?.push({ metadata: { name, labels } });
const labelConstraints = (cluster: FakeCluster): FakeObject => first(cluster, "admissionregistration.k8s.io/validatingadmissionpolicies")["spec"].matchConstraints;
const unprotect = (cluster: FakeCluster) => {
  cluster.collections["admissionregistration.k8s.io/validatingadmissionpolicies"] = [];
};
const grant = (cluster: FakeCluster, { subjects, namespace, rules }: { subjects: object[]; namespace?: string; rules: object[] }) => {
  cluster.collections["rbac.authorization.k8s.io/clusterroles"]?.push({ metadata: { name: "labeller" }, rules });
  const [collection, metadata] = namespace === undefined ? ["clusterrolebindings", { name: "granted" }] : ["rolebindings", { name: "granted", namespace }];
  cluster.collections[`rbac.authorization.k8s.io/${collection}`]?.push({ metadata, roleRef: { kind: "ClusterRole", name: "labeller" }, subjects });
};
/** Nobody counts on Pratique yet. */
const relax = (cluster: FakeCluster) => {
  for (const namespace of cluster.collections["/namespaces"] ?? []) namespace["metadata"].labels = { "pratique.dev/warn": "signed" };
};
const UNUSED = ["NamespacesRehearse", "advice", /refuse nothing/] as const;
const PATCH_NAMESPACES = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "patch"] }];

const ROWS: readonly Row[] = [
  {
    name: "nothing is installed, and nobody relies on it",
    change: (cluster) => {
      cluster.collections[WEBHOOKS] = [];
      cluster.collections["apps/deployments"] = [];
      cluster.collections["/namespaces"] = [];
    },
    found: [["NotInstalled", "broken", /no webhook configuration/]],
    commands: [/^helm install /],
  },
  {
    name: "nothing is installed where namespaces enforce",
    change: (cluster) => {
      cluster.collections[WEBHOOKS] = [];
      cluster.collections["apps/deployments"] = [];
    },
    found: [["NotInstalled", "danger", /every image comes into shop and store/]],
  },
  { name: "a Deployment that nobody calls", change: (cluster) => void (cluster.collections[WEBHOOKS] = []), found: [["WebhooksMissing", "danger", /nothing is judged, and every image comes into shop and store/]] },
  {
    name: "webhooks without a Deployment",
    change: (cluster) => {
      cluster.collections["apps/deployments"] = [];
      cluster.answers["pods"] = { code: 500, message: 'Internal error occurred: failed calling webhook "enforce.pratique.dev": failed to call webhook: Post "https://pratique.pratique-system.svc:443/validate/enforce?timeout=10s": no endpoints available for service "pratique"' };
    },
    found: [
      ["DeploymentMissing", "broken", /no Pod starts in a namespace that enforces \(shop and store\)/],
      ["NoAnswer", "broken", /No ready Pod stands behind the Service\. It says: no endpoints available/],
    ],
    commands: [/^helm upgrade /, "kubectl delete validatingwebhookconfiguration pratique"],
  },
  {
    name: "two installations",
    change: (cluster) => {
      const second = structuredClone(first(cluster, WEBHOOKS));
      second["metadata"].name = "second";
      for (const webhook of second["webhooks"]) webhook.clientConfig.service = { ...webhook.clientConfig.service, name: "second" };
      cluster.collections[WEBHOOKS]?.push(second);
    },
    found: [
      ["DeploymentMissing", "broken", /pratique-system\/second/],
      ["SeveralInstallations", "advice", /pratique-system\/pratique and pratique-system\/second/],
    ],
  },

  { name: "no definitions of policies", change: (cluster) => void delete cluster.collections["pratique.dev/trustpolicies"], found: [["DefinitionsMissing", "broken", /knows no trust policies/]], commands: [/--set crds\.install=true$/] },
  {
    name: "the gate is gone",
    change: (cluster) => {
      first(cluster, WEBHOOKS)["webhooks"].shift();
      cluster.answers["pods"] = { code: 201, message: "" };
    },
    found: [["EntryMissing", "danger", /every Pod is admitted unjudged/]],
  },
  { name: "an observer is gone", change: (cluster) => void first(cluster, WEBHOOKS)["webhooks"].splice(2, 1), found: [["EntryMissing", "broken", /namespaces that warn do not/]] },
  {
    name: "the gate fails open",
    change: (cluster) => void (entry(cluster, "enforce")["failurePolicy"] = "Ignore"),
    found: [["FailsOpen", "danger", /unjudged/]],
    commands: [`kubectl patch validatingwebhookconfiguration pratique --type=json -p '[{"op":"test","path":"/webhooks/0/name","value":"enforce.pratique.dev"},{"op":"add","path":"/webhooks/0/failurePolicy","value":"Fail"}]'`],
  },
  {
    name: "a subresource is not matched",
    change: (cluster) => void (entry(cluster, "enforce")["rules"][0].resources = ["pods", "pods/resize"]),
    found: [["RuleMissing", "danger", /CREATE of pods\/ephemeralcontainers and UPDATE of pods\/ephemeralcontainers/]],
    commands: [/"path":"\/webhooks\/0\/rules","value":\[.*pods\/ephemeralcontainers/],
  },
  { name: "updates are not matched", change: (cluster) => void (entry(cluster, "templates")["rules"][1].operations = ["CREATE"]), found: [["RuleMissing", "broken", /UPDATE of daemonsets, UPDATE of deployments/]] },
  { name: "another scope", change: (cluster) => void (entry(cluster, "namespaces")["rules"][0].scope = "Namespaced"), found: [["RuleMissing", "broken", /of namespaces/]] },
  { name: "everything is matched, by stars", change: (cluster) => void (entry(cluster, "enforce")["rules"] = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], scope: "*" }]), found: [] },
  { name: "a star for resources is none for subresources", change: (cluster) => void (entry(cluster, "enforce")["rules"] = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }]), found: [["RuleMissing", "danger", /pods\/ephemeralcontainers/]] },
  { name: "equivalent requests go by", change: (cluster) => void (entry(cluster, "enforce")["matchPolicy"] = "Exact"), found: [["MatchesExactly", "danger", /another version/]], commands: [/"value":"Equivalent"/] },
  { name: "a condition", change: (cluster) => void (entry(cluster, "enforce")["matchConditions"] = [{ name: "a", expression: "request.userInfo.username != 'ci'" }]), found: [["MatchConditions", "danger", /request\.userInfo\.username != 'ci'/]], commands: [/"op":"remove","path":"\/webhooks\/0\/matchConditions"/] },
  { name: "an object selector", change: (cluster) => void (entry(cluster, "enforce")["objectSelector"] = { matchLabels: { judged: "true" } }), found: [["ObjectSelector", "danger", /whoever writes an object writes its labels/]], commands: [/"path":"\/webhooks\/0\/objectSelector","value":\{\}/] },
  { name: "another path", change: (cluster) => void (entry(cluster, "enforce")["clientConfig"].service.path = "/validate/observe-warn"), found: [["WrongPath", "danger", /posts to \/validate\/observe-warn/]], commands: [/clientConfig\/service\/path","value":"\/validate\/enforce"/] },
  {
    name: "the admissions enforcer of AKS",
    change: (cluster) => void entry(cluster, "enforce")["namespaceSelector"].matchExpressions.push({ key: "control-plane", operator: "DoesNotExist" }),
    found: [["SelectorNarrowed", "danger", /control-plane DoesNotExist/]],
    commands: [/"path":"\/webhooks\/0\/namespaceSelector"/],
  },
  {
    name: "a namespace that is left out by name",
    change: (cluster) => void entry(cluster, "enforce")["namespaceSelector"].matchExpressions.push({ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["shop", "kube-system"] }),
    found: [["SelectorNarrowed", "danger", /kubernetes\.io\/metadata\.name NotIn \(shop\)\. Now it is not called for shop, which should enforce/]],
  },
  { name: "an observer for some teams", change: (cluster) => void (entry(cluster, "observe-warn")["namespaceSelector"].matchLabels = { team: "a" }), found: [["SelectorNarrowed", "broken", /team In \(a\)/]] },
  {
    name: "the gate waits for itself",
    change: (cluster) => void (entry(cluster, "enforce")["namespaceSelector"] = { matchExpressions: [{ key: "pratique.dev/enforce", operator: "Exists" }, { key: "pratique.dev/enforce", operator: "NotIn", values: ["none"] }] }),
    found: [["JudgesItself", "danger", /kube-system and pratique-system/]],
  },
  {
    name: "selectors that do not follow the defaults",
    change: (cluster) => {
      first(cluster, "/configmaps")["data"]["pratique.yaml"] = `${CONFIG}defaults: { enforce: signed }\n`;
    },
    found: [
      ["SelectorOutOfStep", "danger", /not called for a namespace with no label of ours, and should be/],
      ["SelectorOutOfStep", "broken", /./],
      ["SelectorOutOfStep", "broken", /is called for a namespace with .*, and should not be/],
      ["SelectorOutOfStep", "broken", /is called for a namespace with .*, and should not be/],
    ],
  },
  { name: "misspelt values go by", change: (cluster) => void (entry(cluster, "enforce")["namespaceSelector"].matchExpressions[1] = { key: "pratique.dev/enforce", operator: "In", values: ["signed", "verified"] }), found: [["SelectorOutOfStep", "danger", /pratique\.dev\/enforce=misspelt/]] },
  {
    name: "an exempt namespace that waits all the same",
    change: (cluster) => void (first(cluster, "/configmaps")["data"]["pratique.yaml"] = `${CONFIG}exemptions: { namespaces: [cilium] }\n`),
    found: [
      ["SelectorOutOfStep", "broken", /is called for namespace cilium with pratique\.dev\/enforce=signed, and should not be/],
      ["SelectorOutOfStep", "broken", /./],
      ["SelectorOutOfStep", "broken", /./],
      ["SelectorOutOfStep", "broken", /./],
    ],
  },
  { name: "the gate has too little time", change: (cluster) => void (entry(cluster, "enforce")["timeoutSeconds"] = 5), found: [["TimeoutShort", "broken", /a review has 4\.5 s and not the 8 s/]], commands: [/timeoutSeconds","value":10/] },

  {
    name: "the API server does not believe the certificate",
    change: (cluster) => void (cluster.answers["pods"] = { code: 500, message: 'Internal error occurred: failed calling webhook "enforce.pratique.dev": failed to call webhook: Post "https://x": tls: failed to verify certificate: x509: certificate signed by unknown authority' }),
    found: [["NoAnswer", "broken", /does not trust whoever signed/]],
  },
  { name: "an entry that ignores that nobody answers", change: (cluster) => void (cluster.answers["trustpolicies"] = { code: 201, message: "" }), found: [["NotCalled", "broken", /failurePolicy Ignore let it pass/]] },
  { name: "a gate that was not called", change: (cluster) => void (cluster.answers["pods"] = { code: 201, message: "" }), found: [["NotCalled", "danger", /admitted a dry run/]] },
  { name: "slow answers", change: (cluster) => void (cluster.pause = 1500), found: [["SlowAnswer", "advice", /1500 ms/], ["SlowAnswer", "advice", /./], ["SlowAnswer", "advice", /./]] },

  { name: "no Service", change: (cluster) => void (cluster.collections["/services"] = []), found: [["ServiceAstray", "broken", /it is not there/]] },
  { name: "entries that name another Service", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => (webhook["clientConfig"].service.name = "elsewhere")), found: [["ServiceAstray", "broken", /it is not there/], ["CertificateForOther", "broken", /calls elsewhere\.pratique-system\.svc/]] },
  {
    name: "entries that name what is no Service, and would be a command",
    change: (cluster) => {
      for (const webhook of first(cluster, WEBHOOKS)["webhooks"]) webhook.clientConfig.service = { ...webhook.clientConfig.service, namespace: "..", name: "$(reboot)" };
      cluster.collections["/services"] = [];
    },
    found: [["ServiceAstray", "broken", /it is not there/]],
    commands: ["helm upgrade pratique charts/pratique -n pratique-system --reuse-values"],
  },
  { name: "a Service for other Pods", change: (cluster) => void (first(cluster, "/services")["spec"].selector = { "app.kubernetes.io/name": "pratique", app: "x" }), found: [["ServiceAstray", "broken", /selects app=x, which/]] },
  { name: "a rollout that does not come to its end", change: (cluster) => void (deployment(cluster)["status"].conditions = [{ type: "Progressing", status: "False", message: "it has timed out" }]), found: [["RolloutStuck", "broken", /it has timed out/]] },
  { name: "no Pod is ready", change: (cluster) => void (deployment(cluster)["status"] = {}), found: [["NotReady", "broken", /0 of 2 Pods are ready: no Pod starts/]] },
  { name: "one Pod is not ready", change: (cluster) => void (deployment(cluster)["status"].readyReplicas = 1), found: [["NotReady", "broken", /1 of 2 Pods are ready\./]] },
  {
    name: "scaled to nothing",
    change: (cluster) => {
      deployment(cluster)["spec"].replicas = 0;
      deployment(cluster)["status"] = {};
    },
    found: [["NotReady", "broken", /0 of 0/]],
    commands: ["kubectl scale deployment -n pratique-system pratique --replicas=2"],
  },
  {
    name: "one replica",
    change: (cluster) => {
      deployment(cluster)["spec"].replicas = 1;
      deployment(cluster)["status"].readyReplicas = 1;
    },
    found: [["SingleReplica", "broken", /while it moves or restarts/]],
    commands: ["kubectl scale deployment -n pratique-system pratique --replicas=2"],
  },
  {
    name: "an autoscaler that goes down to one",
    change: (cluster) => void cluster.collections["autoscaling/horizontalpodautoscalers"]?.push({ metadata: { name: "pratique", namespace: NAMESPACE }, spec: { scaleTargetRef: { kind: "Deployment", name: "pratique" }, minReplicas: 1 } }),
    found: [["AutoscalerToOne", "broken", /one Pod alone/]],
  },
  {
    name: "one replica where nobody counts on it",
    change: (cluster) => {
      relax(cluster);
      deployment(cluster)["spec"].replicas = 1;
    },
    found: [["SingleReplica", "advice", /while it moves/], UNUSED],
  },
  {
    name: "one replica where everybody counts on it by default",
    config: `${CONFIG}defaults: { enforce: signed }`,
    change: (cluster) => {
      cluster.collections["/namespaces"] = [];
      deployment(cluster)["spec"].replicas = 1;
      addNamespace(cluster, "plain");
    },
    found: [["SingleReplica", "broken", /while it moves/]],
  },
  {
    name: "such an autoscaler where nobody counts on it",
    change: (cluster) => {
      relax(cluster);
      cluster.collections["autoscaling/horizontalpodautoscalers"]?.push({ metadata: { name: "pratique", namespace: NAMESPACE }, spec: { scaleTargetRef: { kind: "Deployment", name: "pratique" } } });
    },
    found: [["AutoscalerToOne", "advice", /one Pod alone/], UNUSED],
  },
  { name: "no budget", change: (cluster) => void (cluster.collections["policy/poddisruptionbudgets"] = []), found: [["BudgetMissing", "advice", /drains may take all Pods at once/]] },
  { name: "a budget that blocks drains", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"] = { minAvailable: 2, selector: { matchLabels: { "app.kubernetes.io/name": "pratique" } } }), found: [["BudgetBlocksDrain", "broken", /minAvailable is 2 with 2 replicas/]], commands: [/minAvailable":null,"maxUnavailable":1/] },
  { name: "a budget of all of them", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"] = { minAvailable: "100%", selector: { matchLabels: { "app.kubernetes.io/name": "pratique" } } }), found: [["BudgetBlocksDrain", "broken", /minAvailable is 100%/]] },
  { name: "a budget of more than half of them", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"] = { minAvailable: "51%", selector: { matchLabels: { "app.kubernetes.io/name": "pratique" } } }), found: [["BudgetBlocksDrain", "broken", /minAvailable is 51%/]] },
  { name: "a budget that lets a part of them go", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"].maxUnavailable = "10%"), found: [] },
  { name: "a budget that lets none of them go", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"].maxUnavailable = 0), found: [["BudgetBlocksDrain", "broken", /maxUnavailable is 0/]] },
  {
    name: "two budgets, each of which lets one go",
    change: (cluster) => cluster.collections["policy/poddisruptionbudgets"]?.push({ ...first(cluster, "policy/poddisruptionbudgets"), metadata: { name: "ours", namespace: "pratique-system" } }),
    found: [["BudgetBlocksDrain", "broken", /2 PodDisruptionBudgets \(pratique and ours\) are about the same Pods/]],
    commands: [/^kubectl get poddisruptionbudget -n pratique-system pratique ours /],
  },
  { name: "a budget of half of them", change: (cluster) => void (first(cluster, "policy/poddisruptionbudgets")["spec"] = { minAvailable: "50%", selector: { matchLabels: { "app.kubernetes.io/name": "pratique" } } }), found: [] },
  { name: "one node", change: (cluster) => cluster.collections["/pods"]?.forEach((pod) => (pod["spec"].nodeName = "node-a")), found: [["SameNode", "advice", /node-a/]] },
  {
    name: "one zone of two",
    change: (cluster) => {
      first(cluster, "/nodes")["metadata"].labels = { "topology.kubernetes.io/zone": "zone-2" };
      cluster.collections["/nodes"]?.push({ metadata: { name: "node-c", labels: { "topology.kubernetes.io/zone": "zone-3" } }, spec: {} });
    },
    found: [["SameZone", "advice", /zone-2/]],
  },
  { name: "its image by a tag", change: (cluster) => void (deployment(cluster)["spec"].template.spec.containers[0].image = "ghcr.io/pratique-dev/pratique:0.1.0"), found: [["ImageByTag", "advice", /a tag may move/]] },

  { name: "no caBundle", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => delete webhook["clientConfig"].caBundle), found: [["BundleMissing", "broken", /trusts no certificate/]] },
  { name: "no caBundle in one entry", change: (cluster) => void delete entry(cluster, "policies")["clientConfig"].caBundle, found: [["BundleMissing", "broken", /./]] },
  { name: "a caBundle put together from files without line feeds at their ends", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => (webhook["clientConfig"].caBundle = base64(AUTHORITY.cert.trimEnd().repeat(2)))), found: [["BundleUnreadable", "broken", /no certificate as PEM/]] },
  { name: "a caBundle that is none", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => (webhook["clientConfig"].caBundle = base64("no certificate"))), found: [["BundleUnreadable", "broken", /no certificate as PEM/]] },
  { name: "the authority of somebody else", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => (webhook["clientConfig"].caBundle = base64(other.cert))), found: [["CertificateUntrusted", "broken", /not in the caBundle/]] },
  { name: "both authorities, in a change from one to the other", change: (cluster) => first(cluster, WEBHOOKS)["webhooks"].forEach((webhook: FakeObject) => (webhook["clientConfig"].caBundle = base64(other.cert + AUTHORITY.cert))), found: [] },
  { name: "an authority that is not announced", change: (cluster) => void (first(cluster, "/secrets")["data"]["ca.crt"] = base64(other.cert + AUTHORITY.cert)), found: [["BundleIncomplete", "broken", /once that signs/]] },
  {
    name: "everything has expired",
    change: (cluster) => void (cluster.now += 2 * DAY),
    found: [["BundleExpired", "broken", /No certificate in it is valid now/], ["CertificateExpired", "broken", /and not now/]],
  },
  { name: "everything is still to come", change: (cluster) => void (cluster.now -= DAY), found: [["BundleExpired", "broken", /./], ["CertificateExpired", "broken", /./]] },
  { name: "everything is about to expire", change: (cluster) => void (cluster.now += DAY * 0.95), found: [["BundleExpiring", "advice", /no other has come yet/], ["CertificateExpiring", "advice", /should have been renewed/]] },
  { name: "no serving certificate", change: (cluster) => void (first(cluster, "/secrets")["data"] = {}), found: [["CertificateMissing", "broken", /cannot be called/]] },
  { name: "no Secret", change: (cluster) => void (cluster.collections["/secrets"] = []), found: [["CertificateMissing", "broken", /./]] },
  { name: "a serving certificate that is none", change: (cluster) => void (first(cluster, "/secrets")["data"]["tls.crt"] = base64("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), found: [["CertificateUnreadable", "broken", /./]] },
  {
    name: "a serving certificate for another name",
    change: (cluster) => {
      for (const webhook of first(cluster, WEBHOOKS)["webhooks"]) webhook.clientConfig.service.name = "gate";
      first(cluster, "/services")["metadata"].name = "gate";
      cluster.collections["apps/deployments"] = [{ ...deployment(cluster), metadata: { ...deployment(cluster)["metadata"], name: "gate" } }];
    },
    found: [["CertificateForOther", "broken", /It is for DNS:pratique\.pratique-system\.svc, and the API server calls gate\.pratique-system\.svc/]],
  },
  {
    name: "a certificate that Pratique looks after",
    change: (cluster) => {
      const { containers, volumes } = deployment(cluster)["spec"].template.spec;
      containers[0].args = ["serve", "--certificate-secret=own"];
      volumes.pop();
      cluster.collections["/secrets"] = [{ metadata: { name: "own", namespace: NAMESPACE } }];
    },
    found: [["CertificateMissing", "broken", /./]],
    commands: ["kubectl logs -n pratique-system deployment/pratique"],
  },
  {
    name: "a certificate of cert-manager",
    change: (cluster) => {
      first(cluster, WEBHOOKS)["metadata"].annotations["cert-manager.io/inject-ca-from"] = "pratique-system/pratique";
      first(cluster, "/secrets")["data"] = {};
    },
    found: [["CertificateMissing", "broken", /./]],
    commands: ["kubectl describe certificate -n pratique-system"],
  },

  { name: "no ConfigMap", change: (cluster) => void (cluster.collections["/configmaps"] = []), found: [["ConfigurationMissing", "broken", /no new Pod of Pratique starts/]] },
  { name: "a configuration with an error", change: (cluster) => void (first(cluster, "/configmaps")["data"]["pratique.yaml"] = "requestSeconds: 99"), found: [["ConfigurationInvalid", "broken", /requestSeconds/]] },
  {
    name: "a configuration that no Pod has read",
    change: (cluster) => void (first(cluster, "/configmaps")["metadata"].managedFields = [{ time: "2026-11-26T09:00:00Z", fieldsV1: { "f:data": {} } }, { time: "2026-11-26T10:00:00Z", fieldsV1: { "f:metadata": {} } }]),
    found: [["ConfigurationNewer", "broken", /after pratique-a and pratique-b started/]],
    commands: ["kubectl rollout restart deployment -n pratique-system pratique"],
  },
  {
    name: "a ConfigMap that was written anew with what the Pods have read",
    change: (cluster) => {
      first(cluster, "/configmaps")["metadata"].managedFields = [{ time: "2026-11-26T09:00:00Z", fieldsV1: { "f:data": {} } }];
      for (const pod of cluster.collections["/pods"] ?? []) pod["metadata"].annotations = { "checksum/config": createHash("sha256").update(CONFIG.trimEnd()).digest("hex") };
    },
    found: [],
  },
  { name: "a namespace that is being deleted", change: (cluster) => void cluster.collections["/namespaces"]?.unshift({ metadata: { name: "gone", labels: { "pratique.dev/enforce": "sined" } }, status: { phase: "Terminating" } }), found: [] },
  { name: "a ConfigMap that was labelled since", change: (cluster) => void (first(cluster, "/configmaps")["metadata"].managedFields = [{ time: "2026-11-26T10:00:00Z", fieldsV1: { "f:metadata": {} } }]), found: [] },
  { name: "signatures count anywhere, and a namespace relies on it", config: "privateAddresses: configured", found: [["AnyRepository", "danger", /shop relies on it/]] },
  {
    name: "signatures count anywhere, and nobody relies on it",
    config: "privateAddresses: configured",
    change: (cluster) => {
      cluster.collections["/namespaces"]?.splice(2, 1);
    },
    found: [["AnyRepository", "advice", /registry of their own\.$/]],
  },
  { name: "images of every registry are exempt", config: `${CONFIG}exemptions: { images: ["**/debug:*"] }`, found: [["AnyImageExempt", "danger", /\*\*\/debug:\*/]] },
  {
    name: "the cluster's own namespaces enforce",
    config: `${CONFIG}defaults: { enforce: signed }\nexemptions: { namespaces: [cilium] }`,
    change: (cluster) => {
      for (const name of ["calico-system", "cilium", "kube-public"]) addNamespace(cluster, name);
      addNamespace(cluster, "istio-system", { "pratique.dev/enforce": "none" });
      addNamespace(cluster, "plain");
    },
    found: [
      ["SystemNamespacesEnforced", "danger", /^Every namespace enforces, calico-system too/],
      ["NamespacesUncovered", "advice", /istio-system/],
    ],
    commands: [/config\.exemptions\.namespaces=\{cilium,calico-system\}/],
  },
  { name: "an outage opens every namespace", config: `${CONFIG}defaults: { onOutage: allow }\nregistries: [{ host: harbor.example.com, onOutage: allow }]`, found: [["OutageAdmits", "danger", /every namespace that does not say otherwise/]] },
  {
    name: "an outage opens a namespace",
    config: `${CONFIG}registries: [{ host: harbor.example.com, onOutage: allow }]`,
    change: (cluster) => {
      addNamespace(cluster, "late", { "pratique.dev/enforce": "signed", "pratique.dev/on-outage": "allow" });
    },
    found: [["OutageAdmits", "advice", /come unchecked into late/]],
  },
  { name: "one key of two", config: `${CONFIG}defaults: { onOutage: allow }`, found: [] },
  { name: "registries may be anywhere", config: 'signed: { repositories: ["a.example.com/**"] }', found: [["PrivateAddresses", "advice", /addresses inside your network/]] },

  { name: "a label that nobody can read", change: (cluster) => void addNamespace(cluster, "late", { "pratique.dev/enforce": "sined" }), found: [["LabelUnreadable", "broken", /"sined" is not one of none, signed, verified, so it is read as verified\.$/]], commands: ["kubectl label namespace late pratique.dev/enforce-"] },
  { name: "a label that means nothing", change: (cluster) => void addNamespace(cluster, "late", { "pratique.dev/enforce": "signed", "pratique.dev/enforced": "true" }), found: [["LabelUnknown", "broken", /unknown label "pratique\.dev\/enforced"/]], commands: ["kubectl label namespace late pratique.dev/enforced-"] },
  {
    name: "namespaces that nothing covers",
    change: (cluster) => ["a", "b", "c", "d", "e", "f", "kube-public"].forEach((name) => addNamespace(cluster, name)),
    found: [["NamespacesUncovered", "advice", /in 6 namespaces of 9 \(a, b, c, d, e and 1 more\), and in kube-public of the cluster's own/]],
    commands: [/^kubectl get namespaces -l /, "kubectl label namespace a pratique.dev/warn=signed pratique.dev/audit=signed"],
  },
  { name: "a rehearsal", change: (cluster) => void addNamespace(cluster, "late", { "pratique.dev/warn": "signed", "pratique.dev/enforce": "none" }), found: [["NamespacesRehearse", "advice", /^1 namespace \(late\) warns or audits, and refuses nothing/]] },
  { name: "nobody to verify by", change: (cluster) => void (cluster.collections["pratique.dev/clustertrustpolicies"] = []), found: [["VerifiedWithoutPolicy", "broken", /^store enforces `verified`/]], commands: ["kubectl label --overwrite namespace store pratique.dev/enforce=signed"] },
  { name: "a policy that is not in force", change: (cluster) => void cluster.collections["pratique.dev/trustpolicies"]?.push({ metadata: { name: "ours", namespace: "store" }, status: { conditions: [{ type: "Ready", status: "False", message: "no such Secret" }] } }), found: [["PolicyNotReady", "broken", /not in force: no such Secret/]], commands: ["kubectl get trustpolicy -n store ours -o yaml"] },
  { name: "a policy that nobody has looked at", change: (cluster) => void delete first(cluster, "pratique.dev/clustertrustpolicies")["status"], found: [["PolicyNotReady", "broken", /No replica of Pratique has looked at it yet/]] },

  { name: "labels without protection, which only administrators may change", change: unprotect, found: [["LabelsUnprotected", "advice", /nobody but cluster administrators/]], commands: [/labelProtection\.enabled=true/] },
  {
    name: "labels that anybody may change",
    change: (cluster) => {
      unprotect(cluster);
      grant(cluster, { subjects: [{ kind: "Group", name: "system:authenticated" }, { kind: "User", name: "bob" }], rules: [{ apiGroups: ["*"], resources: ["namespaces/status"], verbs: ["update"] }] });
    },
    found: [["LabelsUnprotected", "danger", /Everybody of this group may change them: Group system:authenticated \(ClusterRoleBinding granted\)/]],
  },
  {
    name: "labels that the owner of a namespace may change",
    change: (cluster) => {
      unprotect(cluster);
      grant(cluster, { namespace: "shop", subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "ci" }, { kind: "ServiceAccount", name: "x", namespace: "kube-system" }], rules: PATCH_NAMESPACES });
    },
    found: [["LabelsUnprotected", "danger", /These may change them: ServiceAccount ci\/deployer \(RoleBinding shop\/granted, its own namespace\)/]],
  },
  {
    name: "labels that anybody may change, where there are none yet",
    change: (cluster) => {
      relax(cluster);
      unprotect(cluster);
      grant(cluster, { subjects: [{ kind: "User", name: "bob" }], rules: PATCH_NAMESPACES });
    },
    found: [UNUSED, ["LabelsUnprotected", "advice", /User bob/]],
  },
  { name: "labels that are protected, whoever may change namespaces", change: (cluster) => grant(cluster, { subjects: [{ kind: "User", name: "bob" }], rules: PATCH_NAMESPACES }), found: [] },
  { name: "whoever may only read namespaces", change: (cluster) => [unprotect(cluster), grant(cluster, { subjects: [{ kind: "User", name: "bob" }], rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "delete"] }] })], found: [["LabelsUnprotected", "advice", /./]] },
  { name: "protection that everybody has the permission for", change: (cluster) => grant(cluster, { subjects: [{ kind: "Group", name: "system:serviceaccounts" }], rules: [{ apiGroups: ["pratique.dev"], resources: ["*"], verbs: ["label"] }] }), found: [["ProtectionWeakened", "danger", /Group system:serviceaccounts \(ClusterRoleBinding granted\)/]] },
  { name: "protection that some have the permission for", change: (cluster) => grant(cluster, { subjects: [{ kind: "User", name: "carol" }], rules: [{ apiGroups: ["pratique.dev"], resources: ["namespaces"], verbs: ["label"] }] }), found: [] },
  { name: "protection that only warns", change: (cluster) => void (first(cluster, "admissionregistration.k8s.io/validatingadmissionpolicybindings")["spec"].validationActions = ["Warn"]), found: [["ProtectionWeakened", "danger", /does not say Deny/]], commands: [/validationActions":\["Deny"\]/] },
  { name: "protection that is not bound", change: (cluster) => void (cluster.collections["admissionregistration.k8s.io/validatingadmissionpolicybindings"] = []), found: [["ProtectionWeakened", "danger", /no binding/]] },
  { name: "protection for some namespaces", change: (cluster) => void (first(cluster, "admissionregistration.k8s.io/validatingadmissionpolicybindings")["spec"].matchResources = { namespaceSelector: { matchLabels: { a: "b" } } }), found: [["ProtectionWeakened", "danger", /for some objects alone/]] },
  { name: "protection with parameters", change: (cluster) => void (first(cluster, "admissionregistration.k8s.io/validatingadmissionpolicybindings")["spec"].paramRef = { name: "x" }), found: [["ProtectionWeakened", "danger", /for some objects alone/]] },
  { name: "protection that looks at some namespaces alone", change: (cluster) => void (labelConstraints(cluster)["namespaceSelector"] = { matchExpressions: [{ key: "team", operator: "Exists" }] }), found: [["ProtectionWeakened", "danger", /leave some namespaces out/]] },
  { name: "protection that leaves a namespace out", change: (cluster) => void (labelConstraints(cluster)["excludeResourceRules"] = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["namespaces"], resourceNames: ["shop"] }]), found: [["ProtectionWeakened", "danger", /leave some namespaces out/]] },
  { name: "protection without the subresources", change: (cluster) => void (labelConstraints(cluster)["resourceRules"][0].resources = ["namespaces"]), found: [["ProtectionWeakened", "danger", /do not match UPDATE namespaces\/status and UPDATE namespaces\/finalize/]] },
  { name: "protection of names alone", change: (cluster) => void (labelConstraints(cluster)["resourceRules"][0].resourceNames = ["shop"]), found: [["ProtectionWeakened", "danger", /do not match CREATE namespaces/]] },
  { name: "protection of updates alone", change: (cluster) => void (labelConstraints(cluster)["resourceRules"][0].operations = ["UPDATE"]), found: [["ProtectionWeakened", "danger", /do not match CREATE namespaces/]] },
  { name: "protection by wildcards", change: (cluster) => void Object.assign(labelConstraints(cluster)["resourceRules"][0], { operations: ["*"], resources: ["namespaces", "namespaces/*"] }), found: [] },
  { name: "protection that fails open", change: (cluster) => void (first(cluster, "admissionregistration.k8s.io/validatingadmissionpolicies")["spec"].failurePolicy = "Ignore"), found: [["ProtectionWeakened", "danger", /failurePolicy is Ignore/]] },

  { name: "an old API server", change: (cluster) => void (cluster.version = "v1.27.9-eks-1"), found: [["ServerTooOld", "broken", /1\.28 and newer/]] },
  { name: "a new API server", change: (cluster) => void (cluster.version = "v1.37.0"), found: [["ServerUntested", "advice", /up to Kubernetes 1\.36/]] },
];

for (const { name, config, change, found, commands } of ROWS) {
  t.test(name, async (t) => {
    const cluster = config === undefined ? healthyCluster() : healthyCluster(config);
    change?.(cluster);
    const { findings, unseen } = await examine(cluster);
    t.same(findings.map(({ code, severity }) => [code, severity]), found.map(([code, severity]) => [code, severity]));
    for (const [index, [, , words]] of found.entries()) t.match(findings[index]?.message, words);
    for (const [index, command] of (commands ?? []).entries()) t.match(findings[0]?.remedy.commands[index], command);
    for (const { remedy } of findings) t.ok(remedy.text.length > 5);
    t.same(unseen, [], "everything was looked at");
  });
}

t.test("a healthy installation has nothing wrong with it, and was asked", async (t) => {
  const { findings, unseen, snapshot } = await examine(healthyCluster());
  t.same([findings, unseen], [[], []]);
  t.match(snapshot.installations, [{ name: "pratique", namespace: NAMESPACE, release: "pratique", replies: [{ entry: "policies", reply: { kind: "refused" }, milliseconds: 5 }, { entry: "namespaces" }, { entry: "enforce" }] }]);
});

t.test("there is a row for every code, with every severity that it may have", async (t) => {
  const shown = new Set(ROWS.flatMap(({ found }) => found.map(([code, severity]) => `${code} ${severity}`)));
  const missing = Object.entries(CODES).flatMap(([code, severities]) => severities.map((severity) => `${code} ${severity}`)).filter((each) => !shown.has(each));
  // Any of the six entries may be changed in any of these ways; each way is shown at the gate, and twice at others.
  t.same(missing, ["MatchesExactly broken", "MatchConditions broken", "ObjectSelector broken", "WrongPath broken"]);
  t.same([...new Set(Object.values(CODES).flat())].sort(), [...SEVERITIES].sort());
});

t.test("what may not be read is said, and never taken for well", async (t) => {
  const collections = [...Object.keys(healthyCluster().collections), "/version"];
  for (const collection of collections) {
    const cluster = healthyCluster();
    cluster.forbidden.add(collection);
    const { unseen } = await examine(cluster);
    t.ok(unseen.length > 0, collection);
  }
  const cluster = healthyCluster();
  cluster.answers["pods"] = { code: 403, message: 'pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "shop"' };
  cluster.answers["namespaces"] = { code: 403, message: "ValidatingAdmissionPolicy 'x' denied request" };
  t.match((await examine(cluster)).unseen, [/^whether namespaces\.pratique\.dev answers: the API server answered 403, and not by this webhook: ValidatingAdmissionPolicy/, /^whether enforce\.pratique\.dev answers: the account may not ask/]);
});

t.test("where something else is in the way, the gate is asked in another namespace", async (t) => {
  const cluster = healthyCluster();
  cluster.answers["shop/pods"] = { code: 403, message: 'pods "pratique-doctor" is forbidden: minimum cpu usage per Container is 100m' };
  t.same((await examine(cluster)).unseen, []);
  cluster.answers["store/pods"] = { code: 201, message: "" };
  t.same((await examine(cluster)).findings.map(({ code }) => code), ["NotCalled"]);
  cluster.answers["store/pods"] = cluster.answers["shop/pods"];
  t.match((await examine(cluster)).unseen, [/whether enforce\.pratique\.dev answers: .*minimum cpu usage/]);
});

t.test("without the configuration, what does not depend on it is found all the same", async (t) => {
  const cluster = healthyCluster();
  cluster.forbidden.add("/configmaps");
  entry(cluster, "enforce")["failurePolicy"] = "Ignore";
  const { findings } = await examine(cluster);
  t.same(findings.map(({ code }) => code), ["FailsOpen"]);
});

t.test("one namespace: nothing is listed across the cluster that belongs to an installation", async (t) => {
  const cluster = healthyCluster();
  const { snapshot } = await examine(cluster, "elsewhere");
  t.same(snapshot.installations, []);
  t.equal((await examine(cluster, NAMESPACE)).snapshot.installations.length, 1);
});

t.test("the serving certificate may come with a chain", async (t) => {
  const cluster = healthyCluster();
  first(cluster, "/secrets")["data"]["tls.crt"] = base64(SERVING.cert + AUTHORITY.cert);
  t.same((await examine(cluster)).findings, []);
});
