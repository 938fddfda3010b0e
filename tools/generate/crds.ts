import { stringify } from "yaml";
import type { Node } from "../../src/schema/check.ts";
import { policyFormatPattern } from "../../src/trust/format.ts";
import { POLICY_GROUP, POLICY_VERSION, PolicySpecSchema } from "../../src/trust/schema.ts";
import { POLICY_KINDS, POLICY_RESOURCES, type PolicyKind } from "../../src/trust/trust-policy.ts";
import { type Rule, rulesOf } from "./crd-rules.ts";

const NAMES: Readonly<Record<PolicyKind, { readonly short: string; readonly about: string }>> = {
  ClusterTrustPolicy: { short: "ctp", about: "Who must have signed the images that it governs, in every namespace that asks for level `verified`." },
  TrustPolicy: { short: "tp", about: "Who must have signed the images that it governs in its own namespace, besides what the cluster's policies ask for." },
};

const CONDITION = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: { type: "string", maxLength: 316 },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: { type: "string", format: "date-time" },
    reason: { type: "string", minLength: 1, maxLength: 1024 },
    message: { type: "string", maxLength: 32_768 },
  },
};

const STATUS = {
  type: "object",
  description: "What Pratique makes of the policy; written by one of its replicas.",
  properties: {
    observedGeneration: { type: "integer", format: "int64", description: "Which writing of the policy this is about." },
    conditions: {
      type: "array",
      description: "`Ready`: whether the policy can be used. While it is not, it refuses every image that it governs; the message names the fields.",
      items: CONDITION,
      maxItems: 8,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
};

const READY = `.status.conditions[?(@.type=="Ready")]`;
const COLUMNS = [
  { name: "Ready", type: "string", jsonPath: `${READY}.status` },
  { name: "Images", type: "string", jsonPath: ".spec.images[*].glob" },
  { name: "Threshold", type: "integer", jsonPath: ".spec.threshold" },
  { name: "Reason", type: "string", jsonPath: `${READY}.reason`, priority: 1 },
  { name: "Message", type: "string", jsonPath: `${READY}.message`, priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** The chart's template of both CRDs. */
export function crdTemplate(): string {
  const documents = POLICY_KINDS.map((kind) => stringify(crdOf(kind), { lineWidth: 0 }).replace("  METADATA: here\n", `  ${metadataOf(kind)}\n`));
  return `{{- /* Made by npm run generate from src/trust/schema.ts. */}}\n{{- if .Values.crds.install }}\n${documents.join("---\n")}{{- end }}\n`;
}

// The chart's own way of naming and labelling.
function metadataOf(kind: PolicyKind): string {
  const name = `${POLICY_RESOURCES[kind]}.${POLICY_GROUP}`;
  return `{{- include "pratique.metadata" (dict "root" . "name" "${name}" "scope" "cluster" "annotations" (dict "helm.sh/resource-policy" "keep")) | nindent 2 }}`;
}

/** One CRD, but for the metadata that the chart gives it. */
function crdOf(kind: PolicyKind): object {
  const { short, about } = NAMES[kind];
  const plural = POLICY_RESOURCES[kind];
  const schema = {
    type: "object",
    description: about,
    required: ["spec"],
    properties: { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: { type: "object" }, spec: structural(PolicySpecSchema, "spec", rulesOf(kind)), status: STATUS },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { METADATA: "here" },
    spec: {
      group: POLICY_GROUP,
      scope: kind === "TrustPolicy" ? "Namespaced" : "Cluster",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames: [short], categories: ["pratique"] },
      versions: [{ name: POLICY_VERSION, served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} }, additionalPrinterColumns: COLUMNS }],
    },
  };
}

// A structural schema has keywords of its own; what is ours alone stays behind.
function structural(node: Node, path: string, rules: Readonly<Record<string, readonly Rule[]>>): object {
  const { type, description, default: value, enum: values, minimum, maximum, minLength, maxLength, minItems, maxItems } = node;
  // The faults of the other formats are the webhook's to refuse.
  const pattern = policyFormatPattern(node.format ?? "")?.source;
  const common = { type: type ?? "string", description, default: value, enum: values, minimum, maximum, minLength, maxLength, minItems, maxItems, pattern };
  if (node.items !== undefined) return { ...common, "x-kubernetes-list-type": "atomic", items: structural(node.items, `${path}[]`, rules) };
  if (node.properties === undefined) return common;
  const fields = Object.entries(node.properties);
  return {
    ...common,
    required: node.required?.filter((name) => node.properties?.[name]?.default === undefined),
    // Pruning would hide a misspelt field: it must reach whoever can refuse it.
    "x-kubernetes-preserve-unknown-fields": true,
    "x-kubernetes-validations": rules[path],
    properties: Object.fromEntries(fields.map(([name, inner]) => [name, structural(inner, `${path}.${name}`, rules)])),
  };
}
