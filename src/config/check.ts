import type { TSchema } from "typebox";
import { type JsonObject, field, isObject } from "../json.ts";
import { type Format, formatFault } from "./format.ts";
import { type Path, type Problem, pathText } from "./problem.ts";
import { closest } from "./suggestion.ts";

/** The keywords of JSON Schema that our schemas use. */
export interface Node {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: Format;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Node;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
}

export interface Checked {
  /** The value with its defaults filled in; of the schema's type when there are no problems. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** Fills in the defaults of a value and collects everything in it that is not what the schema says. */
export function check(schema: TSchema, value: unknown): Checked {
  const problems: Problem[] = [];
  const report: Report = (path, message) => problems.push({ path: pathText(path), message });
  return { value: visit(schema, value, [], report), problems };
}

type Report = (path: Path, message: string) => void;

function visit(node: Node, value: unknown, path: Path, report: Report): unknown {
  const fault = faultOf(node, value);
  if (fault !== undefined) {
    report(path, fault);
    return value;
  }
  if (isObject(value)) return hasFields(node) ? visitObject(node, value, path, report) : visitMap(node, value, path, report);
  if (Array.isArray(value) && node.items !== undefined) {
    const { items } = node;
    return value.map((item, index) => visit(items, item, [...path, index], report));
  }
  return value;
}

/** Whether the schema names the fields of an object, or leaves its keys to whoever writes it. */
function hasFields(node: Node): boolean {
  return Object.keys(node.properties ?? {}).length > 0;
}

function visitObject(node: Node, object: JsonObject, path: Path, report: Report): JsonObject {
  const properties = node.properties ?? {};
  const names = Object.keys(properties);
  for (const key of Object.keys(object)) {
    if (!names.includes(key)) report([...path, key], unknownField(key, names));
  }
  const filled: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const value = field(object, name) ?? (Object.hasOwn(object, name) ? null : property.default);
    if (value !== undefined) filled[name] = visit(property, value, [...path, name], report);
    else if (node.required?.includes(name)) report([...path, name], "is missing");
  }
  return filled;
}

// A map's keys are names that the reader of the configuration judges; its values are all alike.
function visitMap(node: Node, object: JsonObject, path: Path, report: Report): JsonObject {
  const [values] = Object.values(node.patternProperties ?? {});
  if (values === undefined) return object;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, visit(values, value, [...path, key], report)]));
}

function unknownField(key: string, names: readonly string[]): string {
  const suggestion = closest(key, names);
  return `is not a field; ${suggestion === undefined ? `the fields here are ${names.join(", ")}` : `did you mean ${suggestion}?`}`;
}

function faultOf(node: Node, value: unknown): string | undefined {
  if (node.enum !== undefined) return node.enum.includes(value) ? undefined : `is ${shown(value)}; it must be one of ${node.enum.join(", ")}`;
  if (!hasType(node, value)) return typeFault(node, value);
  if (typeof value === "number") return rangeFault(node, value);
  if (typeof value !== "string" || node.format === undefined) return undefined;
  const fault = formatFault(node.format, value);
  return fault === undefined ? undefined : `${shown(value)} ${fault}`;
}

function hasType(node: Node, value: unknown): boolean {
  if (node.type === "object") return isObject(value);
  if (node.type === "array") return Array.isArray(value);
  if (node.type === "integer") return Number.isSafeInteger(value);
  if (node.type === "number") return Number.isFinite(value);
  return typeof value === node.type;
}

const TYPE_NAMES = { object: "a map of fields", array: "a list", string: "a text", number: "a number", integer: "a whole number", boolean: "true or false" };

function typeFault(node: Node, value: unknown): string {
  if (value === null) return "has no value; give it one or leave the line out";
  const expected = TYPE_NAMES[node.type ?? "object"];
  // YAML reads `true` and `8` as what they look like, which surprises in a label's value.
  const remedy = node.type === "string" && typeof value !== "object" ? `; put it in quotes: "${JSON.stringify(value)}"` : "";
  return `is ${shown(value)}; it must be ${expected}${remedy}`;
}

function rangeFault({ minimum = -Infinity, maximum = Infinity }: Node, value: number): string | undefined {
  return value >= minimum && value <= maximum ? undefined : `is ${value}; it must be from ${minimum} to ${maximum}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "a map";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
