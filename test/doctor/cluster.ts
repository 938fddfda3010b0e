// A cluster with a healthy installation, as the API has its objects, to be changed in one place.
import { parseConfig } from "../../src/config.ts";
import { type Diagnosis, diagnose } from "../../src/doctor/diagnose.ts";
import { lookAt } from "../../src/doctor/look.ts";
import { selectorObject } from "../../src/doctor/patch.ts";
import { type ClusterReader, type Listing, type ObjectName, UnreadableError } from "../../src/doctor/ports.ts";
import type { TrialAnswer } from "../../src/doctor/reply.ts";
import { shippedEntries } from "../../src/doctor/shipped-entries.ts";
import type { Snapshot } from "../../src/doctor/snapshot.ts";
import { ASKABLE } from "../../src/doctor/trial.ts";
import { type JsonObject, objectField, stringField, stringMapField } from "../../src/json.ts";
import { type Authority, createAuthority } from "../helpers/certificates.ts";

/** Free to be changed by a row of a table. */
export interface FakeObject {
  // oxlint-disable-next-line typescript/no-explicit-any -- rows reach deep into objects that only the API describes
  [field: string]: any;
}

export interface FakeCluster {
  version: string;
  /** By `apps/deployments`; the core's by `/pods`. */
  readonly collections: Record<string, FakeObject[]>;
  /** Collections that the account may not read. */
  readonly forbidden: Set<string>;
  /** What the API server says to a dry run, by the collection that it goes to: `pods`, or `shop/pods` for one namespace. */
  readonly answers: Record<string, TrialAnswer>;
  /** Milliseconds that each dry run takes. */
  pause: number;
  now: number;
}

export const NAMESPACE = "pratique-system";
export const AUTHORITY: Authority = await createAuthority("pratique");
export const SERVING = await AUTHORITY.issue({ dnsNames: [`pratique.${NAMESPACE}.svc`] });
export const CONFIG = 'signed: { repositories: ["harbor.example.com/**"] }\nprivateAddresses: configured\n';

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

const denied = (webhook: string): TrialAnswer => ({ code: 422, message: `admission webhook "${webhook}" denied the request: no` });
const LABELS = { "app.kubernetes.io/name": "pratique", "app.kubernetes.io/instance": "pratique" };
const named = (name: string, more: FakeObject = {}): FakeObject => ({ metadata: { name, namespace: NAMESPACE, labels: { ...LABELS } }, ...more });
const namespaced = (name: string, labels: Readonly<Record<string, string>> = {}): FakeObject => ({ metadata: { name, labels: { "kubernetes.io/metadata.name": name, ...labels } } });
const node = (name: string, zone: string): FakeObject => ({ metadata: { name, labels: { "topology.kubernetes.io/zone": zone } }, spec: {} });
const pod = (name: string, nodeName: string): FakeObject => named(name, { spec: { nodeName }, status: { startTime: "2026-11-26T08:00:00Z", conditions: [{ type: "Ready", status: "True" }] } });

/** Everything as it should be: two Pods on two nodes, labels protected, every namespace asks for something. */
export function healthyCluster(config = CONFIG): FakeCluster {
  return {
    version: "v1.36.3",
    forbidden: new Set(),
    pause: 5,
    now: Date.now(),
    answers: {
      trustpolicies: denied("policies.pratique.dev"),
      namespaces: denied("namespaces.pratique.dev"),
      pods: { code: 403, message: 'admission webhook "enforce.pratique.dev" denied the request: container "doctor": no' },
    },
    collections: {
      "admissionregistration.k8s.io/validatingwebhookconfigurations": [webhooks(config)],
      "admissionregistration.k8s.io/validatingadmissionpolicies": [labelPolicy()],
      "admissionregistration.k8s.io/validatingadmissionpolicybindings": [{ metadata: { name: "pratique-labels" }, spec: { policyName: "pratique-labels", validationActions: ["Deny"] } }],
      "apps/deployments": [deployment()],
      "/pods": [pod("pratique-a", "node-a"), pod("pratique-b", "node-b")],
      "/nodes": [node("node-a", "zone-1"), node("node-b", "zone-2")],
      "/services": [named("pratique", { spec: { selector: LABELS } })],
      "/configmaps": [named("pratique", { data: { "pratique.yaml": config } })],
      "/secrets": [named("pratique-tls", { data: { "tls.crt": base64(SERVING.cert) } })],
      "/namespaces": [namespaced("kube-system"), namespaced(NAMESPACE), namespaced("shop", { "pratique.dev/enforce": "signed" }), namespaced("store", { "pratique.dev/enforce": "verified" })],
      "policy/poddisruptionbudgets": [named("pratique", { spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } } })],
      "autoscaling/horizontalpodautoscalers": [],
      "pratique.dev/clustertrustpolicies": [{ metadata: { name: "release" }, status: { conditions: [{ type: "Ready", status: "True" }] } }],
      "pratique.dev/trustpolicies": [],
      "rbac.authorization.k8s.io/clusterroles": [{ metadata: { name: "cluster-admin" }, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] }],
      "rbac.authorization.k8s.io/clusterrolebindings": [{ metadata: { name: "cluster-admin" }, roleRef: { kind: "ClusterRole", name: "cluster-admin" }, subjects: [{ kind: "Group", name: "system:masters" }, { kind: "User", name: "alice" }] }],
      "rbac.authorization.k8s.io/roles": [],
      "rbac.authorization.k8s.io/rolebindings": [],
    },
  };
}

function webhooks(config: string): FakeObject {
  const entries = shippedEntries({ config: parseConfig(config, "healthy"), namespace: NAMESPACE }).map(({ entry, failurePolicy, rules, namespaceSelector }) => ({
    name: `${entry}.pratique.dev`,
    failurePolicy,
    matchPolicy: "Equivalent",
    timeoutSeconds: entry === "enforce" ? 10 : 5,
    clientConfig: { caBundle: base64(AUTHORITY.cert), service: { name: "pratique", namespace: NAMESPACE, path: `/validate/${entry}`, port: 443 } },
    namespaceSelector: selectorObject(namespaceSelector),
    objectSelector: {},
    rules: structuredClone(rules),
  }));
  return { metadata: { name: "pratique", labels: { ...LABELS }, annotations: {} }, webhooks: entries };
}

function deployment(): FakeObject {
  return named("pratique", {
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          containers: [{ name: "pratique", image: `ghcr.io/pratique-dev/pratique@sha256:${"a".repeat(64)}`, args: ["serve"] }],
          volumes: [{ name: "config", configMap: { name: "pratique" } }, { name: "tls", secret: { secretName: "pratique-tls" } }],
        },
      },
    },
    status: { readyReplicas: 2 },
  });
}

function labelPolicy(): FakeObject {
  return {
    metadata: { name: "pratique-labels", labels: LABELS },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["namespaces", "namespaces/status", "namespaces/finalize"] }] },
      variables: [{ name: "changed", expression: "object.metadata.labels.exists(key, key.startsWith('pratique.dev/'))" }],
      validations: [{ expression: "!variables.changed" }],
    },
  };
}

/** What the doctor sees and says of a cluster. */
export async function examine(cluster: FakeCluster, namespace?: string): Promise<Diagnosis & { readonly snapshot: Snapshot; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const timer = { now: () => cluster.now, after: () => () => undefined };
  const snapshot = await lookAt({ reader: readerOf(cluster, asked), timer }, { namespace, ask: ASKABLE, signal: new AbortController().signal });
  return { ...diagnose(snapshot), snapshot, asked };
}

function readerOf(cluster: FakeCluster, asked: string[]): ClusterReader {
  const objects = ({ group, resource }: Pick<Listing, "group" | "resource">): readonly JsonObject[] | undefined => {
    asked.push(`${group}/${resource}`);
    if (cluster.forbidden.has(`${group}/${resource}`)) throw new UnreadableError("Forbidden", `no ${resource}: grant it`);
    return cluster.collections[`${group}/${resource}`];
  };
  return {
    version: async () => {
      if (cluster.forbidden.has("/version")) throw new UnreadableError("Forbidden", "no version");
      return cluster.version;
    },
    list: async (listing) => objects(listing)?.filter((object) => isListed(object, listing)),
    get: async (wanted: ObjectName) => objects(wanted)?.find((object) => nameOf(object) === wanted.name && namespaceOf(object) === wanted.namespace),
    tryCreate: async (path) => {
      cluster.now += cluster.pause;
      const answer = cluster.answers[path.slice(-2).join("/")] ?? cluster.answers[path.at(-1) ?? ""];
      if (answer === undefined) throw new UnreadableError("Forbidden", `no dry run of ${path.at(-1)}`);
      return answer;
    },
  };
}

function isListed(object: JsonObject, { namespace, labelSelector = "" }: Listing): boolean {
  const labels = stringMapField(objectField(object, "metadata") ?? {}, "labels");
  const wanted = labelSelector === "" ? [] : labelSelector.split(",").map((part) => part.split("="));
  return (namespace === undefined || namespaceOf(object) === namespace) && wanted.every(([key = "", value]) => labels.get(key) === value);
}

function nameOf(object: JsonObject): string | undefined {
  return stringField(objectField(object, "metadata") ?? {}, "name");
}

function namespaceOf(object: JsonObject): string | undefined {
  return stringField(objectField(object, "metadata") ?? {}, "namespace");
}
