import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";
import { metadataOf } from "./workload.ts";

/** A ValidatingAdmissionPolicy that looks at our labels on namespaces, and how it is bound. */
export interface LabelPolicy {
  readonly name: string;
  readonly failurePolicy: string;
  readonly matchConditions: number;
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
      bindings: bindings.filter((binding) => stringField(objectField(binding, "spec") ?? {}, "policyName") === name).map(readBinding),
    };
  });
}

function isAboutLabels(policy: JsonObject): boolean {
  const spec = objectField(policy, "spec") ?? {};
  const rules = (arrayField(objectField(spec, "matchConstraints") ?? {}, "resourceRules") ?? []).filter(isObject);
  const isUpdate = rules.some((rule) => includes(rule, "resources", "namespaces") && includes(rule, "operations", "UPDATE"));
  const expressions = ["validations", "variables"].flatMap((name) => (arrayField(spec, name) ?? []).filter(isObject).map((each) => stringField(each, "expression") ?? ""));
  return isUpdate && expressions.some((expression) => expression.includes(OURS));
}

function readBinding(binding: JsonObject): LabelPolicyBinding {
  const spec = objectField(binding, "spec") ?? {};
  const actions = (arrayField(spec, "validationActions") ?? []).filter((action) => typeof action === "string");
  const narrowing = objectField(spec, "matchResources") ?? {};
  return { name: metadataOf(binding).name, actions, isNarrowed: objectField(spec, "paramRef") !== undefined || NARROWING.some((name) => isFilled(narrowing[name])) };
}

const NARROWING = ["namespaceSelector", "objectSelector", "resourceRules", "excludeResourceRules"];

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
}

function includes(rule: JsonObject, name: string, value: string): boolean {
  const values = arrayField(rule, name) ?? [];
  return values.includes(value) || values.includes("*");
}
