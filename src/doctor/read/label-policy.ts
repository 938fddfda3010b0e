import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";
import { metadataOf } from "./workload.ts";

/** A ValidatingAdmissionPolicy that looks at our labels on namespaces, and how it is bound. */
export interface LabelPolicy {
  readonly name: string;
  readonly failurePolicy: string;
  readonly matchConditions: number;
  /** Whether it looks at some namespaces alone. */
  readonly isNarrowed: boolean;
  /** Ways to change labels that it does not look at, such as `UPDATE namespaces/status`. */
  readonly overlooked: readonly string[];
  readonly bindings: readonly LabelPolicyBinding[];
}

export interface LabelPolicyBinding {
  readonly name: string;
  readonly actions: readonly string[];
  /** Whether it is bound to some objects or parameters alone. */
  readonly isNarrowed: boolean;
}

const OURS = "pratique.dev/";

/** The policies that are about updates of namespaces and whose expressions name our labels. */
export function readLabelPolicies(policies: readonly JsonObject[], bindings: readonly JsonObject[]): readonly LabelPolicy[] {
  return policies.filter(isAboutLabels).map((policy) => {
    const { name } = metadataOf(policy);
    const spec = objectField(policy, "spec") ?? {};
    return {
      name,
      failurePolicy: stringField(spec, "failurePolicy") ?? "Fail",
      matchConditions: (arrayField(spec, "matchConditions") ?? []).length,
      isNarrowed: NARROWING.some((name) => isFilled(constraintsOf(policy)[name])),
      overlooked: WAYS.filter(([operation, resource]) => !rulesOf(policy).some((rule) => matches(rule, operation, resource))).map((way) => way.join(" ")),
      bindings: bindings.filter((binding) => stringField(objectField(binding, "spec") ?? {}, "policyName") === name).map(readBinding),
    };
  });
}

function isAboutLabels(policy: JsonObject): boolean {
  const spec = objectField(policy, "spec") ?? {};
  const isUpdate = rulesOf(policy).some((rule) => includes(rule, "resources", "namespaces") && includes(rule, "operations", "UPDATE"));
  const expressions = ["validations", "variables"].flatMap((name) => (arrayField(spec, name) ?? []).filter(isObject).map((each) => stringField(each, "expression") ?? ""));
  return isUpdate && expressions.some((expression) => expression.includes(OURS));
}

function readBinding(binding: JsonObject): LabelPolicyBinding {
  const spec = objectField(binding, "spec") ?? {};
  const actions = (arrayField(spec, "validationActions") ?? []).filter((action) => typeof action === "string");
  const narrowing = objectField(spec, "matchResources") ?? {};
  return { name: metadataOf(binding).name, actions, isNarrowed: objectField(spec, "paramRef") !== undefined || [...NARROWING, "resourceRules"].some((name) => isFilled(narrowing[name])) };
}

const NARROWING = ["namespaceSelector", "objectSelector", "excludeResourceRules"];

/** Every request by which labels of a namespace are written. */
const WAYS = [
  ["CREATE", "namespaces"],
  ["UPDATE", "namespaces"],
  ["UPDATE", "namespaces/status"],
  ["UPDATE", "namespaces/finalize"],
] as const;

function constraintsOf(policy: JsonObject): JsonObject {
  return objectField(objectField(policy, "spec") ?? {}, "matchConstraints") ?? {};
}

function rulesOf(policy: JsonObject): readonly JsonObject[] {
  return (arrayField(constraintsOf(policy), "resourceRules") ?? []).filter(isObject);
}

function matches(rule: JsonObject, operation: string, resource: string): boolean {
  const resources = arrayField(rule, "resources") ?? [];
  const [name = "", subresource] = resource.split("/");
  const wildcards = subresource === undefined ? ["*", "*/*"] : ["*/*", `${name}/*`, `*/${subresource}`];
  return !isFilled(rule["resourceNames"]) && includes(rule, "operations", operation) && [resource, ...wildcards].some((each) => resources.includes(each));
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
}

function includes(rule: JsonObject, name: string, value: string): boolean {
  const values = arrayField(rule, name) ?? [];
  return values.includes(value) || values.includes("*");
}
