import { isNamespaceName } from "../../config/format.ts";
import { arrayField, isObject, type JsonObject, numberField, objectField, stringField, stringMapField } from "../../json.ts";
import { type LabelSelector, readSelector } from "../label-selector.ts";

/** A ValidatingWebhookConfiguration with entries of ours. */
export interface WebhookConfiguration {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly webhooks: readonly WebhookEntry[];
}

export interface WebhookEntry {
  /** `enforce.pratique.dev`. */
  readonly name: string;
  /** Its place in the configuration, which a patch names it by. */
  readonly index: number;
  readonly failurePolicy: string;
  readonly matchPolicy: string;
  readonly timeoutSeconds: number;
  readonly target: Target;
  /** Base64, as the API has it. */
  readonly caBundle: string | undefined;
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly matchConditions: readonly string[];
  readonly rules: readonly Rule[];
}

/** Where the API server calls. */
export type Target =
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly path: string }
  | { readonly kind: "url"; readonly host: string; readonly path: string }
  /** A Service of a name that none can have. */
  | { readonly kind: "nowhere"; readonly path: string };

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

const OURS = ".pratique.dev";

/** Undefined for the configuration of another webhook. What the API server fills in is filled in here too. */
export function readWebhookConfiguration(object: JsonObject): WebhookConfiguration | undefined {
  const webhooks = (arrayField(object, "webhooks") ?? []).map((webhook, index) => readEntry(isObject(webhook) ? webhook : {}, index)).filter(({ name }) => name.endsWith(OURS));
  const metadata = objectField(object, "metadata") ?? {};
  if (webhooks.length === 0) return undefined;
  return { name: stringField(metadata, "name") ?? "", labels: stringMapField(metadata, "labels"), annotations: stringMapField(metadata, "annotations"), webhooks };
}

function readEntry(webhook: JsonObject, index: number): WebhookEntry {
  const client = objectField(webhook, "clientConfig") ?? {};
  return {
    name: stringField(webhook, "name") ?? "",
    index,
    failurePolicy: stringField(webhook, "failurePolicy") ?? "Fail",
    matchPolicy: stringField(webhook, "matchPolicy") ?? "Equivalent",
    timeoutSeconds: numberField(webhook, "timeoutSeconds") ?? 10,
    target: readTarget(client),
    caBundle: stringField(client, "caBundle") || undefined,
    namespaceSelector: readSelector(objectField(webhook, "namespaceSelector")),
    objectSelector: readSelector(objectField(webhook, "objectSelector")),
    matchConditions: (arrayField(webhook, "matchConditions") ?? []).filter(isObject).map((condition) => stringField(condition, "expression") ?? ""),
    rules: (arrayField(webhook, "rules") ?? []).filter(isObject).map(readRule),
  };
}

function readTarget(client: JsonObject): Target {
  const service = objectField(client, "service");
  if (service !== undefined) return serviceTarget(service);
  const url = URL.parse(stringField(client, "url") ?? "");
  return { kind: "url", host: url?.hostname ?? "", path: url?.pathname ?? "/" };
}

// The API server takes any text for these names, and they become parts of paths and of command lines.
function serviceTarget(service: JsonObject): Target {
  const [namespace, name] = ["namespace", "name"].map((field) => stringField(service, field) ?? "");
  const path = stringField(service, "path") ?? "/";
  return isNamespaceName(namespace ?? "") && isNamespaceName(name ?? "") ? { kind: "service", namespace: namespace ?? "", name: name ?? "", path } : { kind: "nowhere", path };
}

function readRule(rule: JsonObject): Rule {
  const texts = (name: string): readonly string[] => (arrayField(rule, name) ?? []).filter((text) => typeof text === "string");
  return { apiGroups: texts("apiGroups"), apiVersions: texts("apiVersions"), operations: texts("operations"), resources: texts("resources"), scope: stringField(rule, "scope") ?? "*" };
}
