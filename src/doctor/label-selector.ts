import type { LabelMap } from "../admission/labels.ts";
import { arrayField, isObject, type JsonObject, stringField, stringMapField } from "../json.ts";

/** One condition of a label selector, as `matchExpressions` has it. */
export interface Requirement {
  readonly key: string;
  /** In, NotIn, Exists or DoesNotExist; whatever else stands there never holds. */
  readonly operator: string;
  readonly values: readonly string[];
}

/** All of them must hold; none at all holds for everything. */
export type LabelSelector = readonly Requirement[];

/** Reads a selector of the API; one that is not there selects everything. */
export function readSelector(selector: JsonObject | undefined): LabelSelector {
  if (selector === undefined) return [];
  const equal = [...stringMapField(selector, "matchLabels")].map(([key, value]): Requirement => ({ key, operator: "In", values: [value] }));
  return [...equal, ...(arrayField(selector, "matchExpressions") ?? []).filter(isObject).map(readRequirement)];
}

function readRequirement(expression: JsonObject): Requirement {
  const values = (arrayField(expression, "values") ?? []).filter((value) => typeof value === "string");
  return { key: stringField(expression, "key") ?? "", operator: stringField(expression, "operator") ?? "", values };
}

/** As Kubernetes reads it: NotIn holds where there is no such label too. */
export function selects(selector: LabelSelector, labels: LabelMap): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = labels.get(key);
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}

/** `control-plane DoesNotExist`, `team In (a, b)`. */
export function requirementText({ key, operator, values }: Requirement): string {
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(", ")})`;
}
