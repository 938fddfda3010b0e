import { arrayField, field, isObject, type JsonObject, numberField, objectField, stringField, stringMapField } from "../../json.ts";
import { type LabelSelector, readSelector } from "../label-selector.ts";

type Labels = ReadonlyMap<string, string>;

export interface Deployment {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly replicas: number;
  readonly ready: number;
  /** Why a rollout does not come to its end; undefined while it may. */
  readonly stuck: string | undefined;
  /** Of the container that serves. */
  readonly image: string;
  readonly selector: LabelSelector;
  readonly podLabels: Labels;
  /** The ConfigMap with the configuration. */
  readonly configMap: string | undefined;
  /** The Secret with the serving certificate, mounted or looked after by the program. */
  readonly certificateSecret: string | undefined;
  /** Whether the program looks after that Secret. */
  readonly isCertificateManaged: boolean;
}

export interface Pod {
  readonly name: string;
  /** Undefined while it has no place. */
  readonly node: string | undefined;
  readonly isReady: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | undefined;
  /** Of the configuration that it was started for, where the chart wrote it. */
  readonly configChecksum: string | undefined;
}

export interface Budget {
  readonly name: string;
  readonly selector: LabelSelector;
  /** As they are written: a number or a percentage. */
  readonly minAvailable: number | string | undefined;
  readonly maxUnavailable: number | string | undefined;
}

export interface Autoscaler {
  readonly name: string;
  /** `Deployment/pratique`. */
  readonly target: string;
  readonly minReplicas: number;
}

export interface Node {
  readonly name: string;
  readonly zone: string | undefined;
  readonly isSchedulable: boolean;
}

export interface Service {
  readonly name: string;
  readonly selector: Labels;
}

export function readDeployment(object: JsonObject): Deployment {
  const { namespace, name, labels } = metadataOf(object);
  const spec = objectField(object, "spec") ?? {};
  const template = objectField(spec, "template") ?? {};
  const podSpec = objectField(template, "spec") ?? {};
  const container = (arrayField(podSpec, "containers") ?? []).find(isObject) ?? {};
  const managed = flagValue(container, "certificate-secret");
  return {
    namespace,
    name,
    labels,
    replicas: numberField(spec, "replicas") ?? 1,
    ready: numberField(objectField(object, "status") ?? {}, "readyReplicas") ?? 0,
    stuck: stuckRollout(object),
    image: stringField(container, "image") ?? "",
    selector: readSelector(objectField(spec, "selector")),
    podLabels: stringMapField(objectField(template, "metadata") ?? {}, "labels"),
    configMap: volumeSource(podSpec, "config", "configMap", "name"),
    certificateSecret: managed ?? volumeSource(podSpec, "tls", "secret", "secretName"),
    isCertificateManaged: managed !== undefined,
  };
}

export function readPod(object: JsonObject): Pod {
  const status = objectField(object, "status") ?? {};
  const conditions = (arrayField(status, "conditions") ?? []).filter(isObject);
  const { name, annotations } = metadataOf(object);
  return {
    name,
    configChecksum: annotations.get("checksum/config"),
    node: stringField(objectField(object, "spec") ?? {}, "nodeName") || undefined,
    isReady: conditions.some((condition) => condition["type"] === "Ready" && condition["status"] === "True"),
    startedAt: instant(stringField(status, "startTime") ?? stringField(objectField(object, "metadata") ?? {}, "creationTimestamp")),
  };
}

export function readBudget(object: JsonObject): Budget {
  const spec = objectField(object, "spec") ?? {};
  return { name: metadataOf(object).name, selector: readSelector(objectField(spec, "selector")), minAvailable: countField(spec, "minAvailable"), maxUnavailable: countField(spec, "maxUnavailable") };
}

export function readAutoscaler(object: JsonObject): Autoscaler {
  const spec = objectField(object, "spec") ?? {};
  const target = objectField(spec, "scaleTargetRef") ?? {};
  return { name: metadataOf(object).name, target: `${stringField(target, "kind") ?? ""}/${stringField(target, "name") ?? ""}`, minReplicas: numberField(spec, "minReplicas") ?? 1 };
}

export function readNode(object: JsonObject): Node {
  const { name, labels } = metadataOf(object);
  return { name, zone: labels.get("topology.kubernetes.io/zone"), isSchedulable: field(objectField(object, "spec") ?? {}, "unschedulable") !== true };
}

export function readService(object: JsonObject): Service {
  return { name: metadataOf(object).name, selector: stringMapField(objectField(object, "spec") ?? {}, "selector") };
}

export function metadataOf(object: JsonObject): { readonly namespace: string; readonly name: string; readonly labels: Labels; readonly annotations: Labels } {
  const metadata = objectField(object, "metadata") ?? {};
  return { namespace: stringField(metadata, "namespace") ?? "", name: stringField(metadata, "name") ?? "", labels: stringMapField(metadata, "labels"), annotations: stringMapField(metadata, "annotations") };
}

/** Milliseconds since the epoch of a time of the API. */
export function instant(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

function stuckRollout(deployment: JsonObject): string | undefined {
  const conditions = (arrayField(objectField(deployment, "status") ?? {}, "conditions") ?? []).filter(isObject);
  const stuck = conditions.find((condition) => condition["type"] === "Progressing" && condition["status"] === "False");
  return stuck && (stringField(stuck, "message") ?? "");
}

function countField(spec: JsonObject, name: string): number | string | undefined {
  return numberField(spec, name) ?? stringField(spec, name);
}

function flagValue(container: JsonObject, name: string): string | undefined {
  const words = (arrayField(container, "args") ?? []).filter((word) => typeof word === "string");
  return words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}

function volumeSource(podSpec: JsonObject, volume: string, source: string, name: string): string | undefined {
  const found = (arrayField(podSpec, "volumes") ?? []).filter(isObject).find((each) => each["name"] === volume);
  return stringField(objectField(found ?? {}, source) ?? {}, name);
}
