import { ENTRIES, type Entry } from "../admission/entry.ts";
import { type Config } from "../config.ts";
import type { Requirement } from "./label-selector.ts";
import type { Rule } from "./read/webhook-configuration.ts";

/** An entry as the chart writes it; an end-to-end test holds this against what Helm renders. */
export interface ShippedEntry {
  readonly entry: Entry;
  readonly failurePolicy: "Fail" | "Ignore";
  readonly rules: readonly Rule[];
  readonly namespaceSelector: readonly Requirement[];
}

export const METADATA_NAME = "kubernetes.io/metadata.name";

const rule = (group: string, version: string, scope: string, resources: readonly string[]): Rule => ({ apiGroups: [group], apiVersions: [version], operations: ["CREATE", "UPDATE"], resources, scope });

const PODS = [rule("", "v1", "Namespaced", ["pods", "pods/ephemeralcontainers", "pods/resize"])];
const TEMPLATES = [
  rule("", "v1", "Namespaced", ["podtemplates", "replicationcontrollers"]),
  rule("apps", "v1", "Namespaced", ["daemonsets", "deployments", "replicasets", "statefulsets"]),
  rule("batch", "v1", "Namespaced", ["cronjobs", "jobs"]),
];

const RULES: Readonly<Record<Entry, readonly Rule[]>> = {
  enforce: PODS,
  templates: TEMPLATES,
  "observe-warn": [...PODS, ...TEMPLATES],
  "observe-audit": [...PODS, ...TEMPLATES],
  namespaces: [rule("", "v1", "Cluster", ["namespaces"])],
  policies: [rule("pratique.dev", "v1alpha1", "*", ["clustertrustpolicies", "trustpolicies"])],
};

/** What the selectors depend on. */
export interface Selection {
  readonly config: Pick<Config, "defaults" | "exemptions">;
  readonly namespace: string;
}

/** Every entry, for a release with this configuration in this namespace. */
export function shippedEntries(selection: Selection): readonly ShippedEntry[] {
  return ENTRIES.map((entry) => ({ entry, failurePolicy: entry === "enforce" ? "Fail" : "Ignore", rules: RULES[entry], namespaceSelector: selectorOf(entry, selection) }));
}

function selectorOf(entry: Entry, selection: Selection): readonly Requirement[] {
  switch (entry) {
    case "enforce":
    case "templates":
      return [...asked("enforce", selection), ...notExempt(selection)];
    case "observe-warn":
      return [...asked("warn", selection), ...observed(selection)];
    case "observe-audit":
      return [...asked("audit", selection), ...without("warn", selection), ...observed(selection)];
    case "namespaces":
      return notOurs(selection);
    case "policies":
      return [];
  }
}

const label = (mode: string): string => `pratique.dev/${mode}`;

function asked(mode: "enforce" | "warn" | "audit", { config }: Selection): readonly Requirement[] {
  const exists: Requirement = { key: label(mode), operator: "Exists", values: [] };
  const isNotNone: Requirement = { key: label(mode), operator: "NotIn", values: ["none"] };
  if (config.defaults[mode] !== "none") return [isNotNone];
  return mode === "enforce" ? [exists, isNotNone] : [exists];
}

function without(mode: "warn", { config }: Selection): readonly Requirement[] {
  return [config.defaults[mode] === "none" ? { key: label(mode), operator: "DoesNotExist", values: [] } : { key: label(mode), operator: "In", values: ["none"] }];
}

function observed(selection: Selection): readonly Requirement[] {
  const isOptional = selection.config.defaults.enforce === "none";
  return [{ key: label("enforce"), operator: isOptional ? "NotIn" : "In", values: isOptional ? ["signed", "verified"] : ["none"] }, ...notExempt(selection)];
}

function notExempt(selection: Selection): readonly Requirement[] {
  const exempt = [...selection.config.exemptions.namespaces];
  return [...notOurs(selection), ...(exempt.length === 0 ? [] : [{ key: METADATA_NAME, operator: "NotIn", values: exempt }])];
}

// Neither the cluster nor Pratique itself may wait for Pratique.
function notOurs({ namespace }: Selection): readonly Requirement[] {
  return [{ key: METADATA_NAME, operator: "NotIn", values: [...new Set(["kube-system", namespace])] }];
}
