import type { Node } from "../../src/schema/check.ts";
import { isGroup } from "../../tools/generate/rows.ts";

/** A value of the chart, by its path. */
export interface Leaf {
  readonly path: readonly string[];
  readonly node: Node;
}

/** Every value that is no group of others. */
export function leavesOf(schema: Node, path: readonly string[] = []): readonly Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => (isGroup(node) ? leavesOf(node, [...path, name]) : [{ path: [...path, name], node }]));
}

/** The path of every group of others. */
export function groupsOf(schema: Node, path: readonly string[] = []): readonly string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => (isGroup(node) ? [path.concat(name)].concat(groupsOf(node, path.concat(name))) : []));
}

/** Some value of the type that is not the present one. */
export function otherValue(node: Node, present: unknown): unknown {
  if (node.enum !== undefined) return node.enum.find((value) => value !== present);
  switch (node.type) {
    case "boolean":
      return present === false;
    case "integer":
    case "number":
      return Number(present) + 1;
    case "array":
      return [node.items === undefined ? {} : otherItem(node.items)];
    case "object":
      return { other: "value" };
    default:
      return "other-value";
  }
}

function otherItem(item: Node): unknown {
  if (item.enum !== undefined) return item.enum[0];
  if (item.type === "integer") return 4321;
  return item.type === "string" ? "other-value" : { name: "other-value" };
}

/** Values with one more in them. */
export function withValue(values: Readonly<Record<string, unknown>>, [step = "", ...rest]: readonly string[], value: unknown): Readonly<Record<string, unknown>> {
  return { ...values, [step]: rest.length === 0 ? value : withValue((values[step] ?? {}) as Readonly<Record<string, unknown>>, rest, value) };
}

/** What stands in values, or undefined. */
export function valueAt(values: unknown, [step, ...rest]: readonly string[]): unknown {
  return step === undefined ? values : valueAt((values as Readonly<Record<string, unknown>> | undefined)?.[step], rest);
}
