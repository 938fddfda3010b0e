// The chart as Helm renders it.
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { program } from "../programs.ts";
import { execute, type Outcome, succeed } from "./process.ts";

export type Helm = "helm3" | "helm4";

/** An object of the cluster, as YAML has it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** What the chart's objects have, as far as the tests read it. */
export interface Kinds {
  readonly Certificate: { readonly spec: CertificateSpec };
  readonly ClusterRole: { readonly rules: unknown };
  readonly ClusterRoleBinding: object;
  readonly Role: { readonly rules: unknown };
  readonly ConfigMap: { readonly data: { readonly "pratique.yaml": string } };
  readonly Deployment: { readonly spec: { readonly replicas?: number; readonly strategy: unknown; readonly template: PodTemplate } };
  readonly HorizontalPodAutoscaler: { readonly spec: unknown };
  readonly Job: { readonly spec: { readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec } } };
  readonly NetworkPolicy: { readonly spec: { readonly ingress: unknown; readonly egress: readonly unknown[] } };
  readonly Pod: { readonly spec: PodSpec };
  readonly PodDisruptionBudget: { readonly spec: unknown };
  readonly Service: { readonly spec: unknown };
  readonly PodMonitor: { readonly spec: MonitorSpec };
  readonly PrometheusRule: { readonly spec: { readonly groups: readonly [{ readonly rules: readonly AlertingRule[] }] } };
  readonly ServiceMonitor: { readonly spec: MonitorSpec };
  readonly ServiceAccount: object;
  readonly ValidatingWebhookConfiguration: { readonly webhooks: readonly Webhook[] };
}

export interface MonitorSpec {
  readonly namespaceSelector: unknown;
  readonly endpoints?: unknown;
  readonly podMetricsEndpoints?: unknown;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<"summary" | "description" | "runbook_url", string>>;
}

export interface CertificateSpec {
  readonly dnsNames: readonly string[];
  readonly secretName: string;
  readonly issuerRef: unknown;
}

export interface PodTemplate {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly fsGroup: number;
    readonly seccompProfile: { readonly type: string };
  };
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
}

export interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports: unknown;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
}

export interface Webhook {
  readonly name: string;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly namespaceSelector?: { readonly matchExpressions: readonly Expression[] };
  readonly clientConfig: { readonly caBundle?: string; readonly service: { readonly path: string } };
  readonly rules: readonly { readonly apiGroups: readonly string[]; readonly resources: readonly string[] }[];
}

export interface Expression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

export const CHART = join(import.meta.dirname, "../../charts/pratique");
export const RELEASE = "pratique";
export const RELEASE_NAMESPACE = "pratique-system";

// A Helm that was built by `go install` takes itself for one of Kubernetes 1.20.
const KUBE_VERSION = "1.36.0";

/** The objects of an installation for some values. Throws when rendering fails. */
export async function renderChart(values: unknown, helm: Helm = "helm4"): Promise<readonly KubernetesObject[]> {
  return objectsIn(await renderText(values, helm)).filter((object) => !isHook(object));
}

/** The objects that Helm makes for a moment only: to uninstall, to test. */
export async function renderHooks(values: unknown, helm: Helm = "helm4"): Promise<readonly KubernetesObject[]> {
  return objectsIn(await renderText(values, helm)).filter(isHook);
}

function isHook({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.["helm.sh/hook"] !== undefined;
}

/** What Helm prints. Throws when rendering fails. */
export function renderText(values: unknown, helm: Helm = "helm4"): Promise<string> {
  return succeed(program(helm), templateArguments(), { input: stringify(values) });
}

/** The objects of a text of YAML. */
export function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => (document.contents === null ? [] : [document.toJS() as KubernetesObject]));
}

/** The only object of a kind. */
export function only<Kind extends keyof Kinds>(objects: readonly KubernetesObject[], kind: Kind): KubernetesObject & Kinds[Kind] {
  const [object, ...others] = objects.filter((object) => object.kind === kind);
  if (object === undefined || others.length > 0) throw new Error(`not exactly one ${kind} but ${others.length + (object === undefined ? 0 : 1)}`);
  return object as KubernetesObject & Kinds[Kind];
}

/** `helm template` with whatever comes of it. */
export function tryRender(values: unknown, helm: Helm, kubernetes = KUBE_VERSION): Promise<Outcome> {
  return execute(program(helm), templateArguments(kubernetes), { input: stringify(values) });
}

export function lint(values: unknown, helm: Helm): Promise<Outcome> {
  return execute(program(helm), ["lint", "--strict", CHART, "--values", "-"], { input: stringify(values) });
}

function templateArguments(kubernetes = KUBE_VERSION): readonly string[] {
  return ["template", RELEASE, CHART, "--namespace", RELEASE_NAMESPACE, "--kube-version", kubernetes, "--values", "-"];
}
