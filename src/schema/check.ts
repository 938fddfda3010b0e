import type { TSchema } from "typebox";
import { field, isObject, type JsonObject } from "../json.ts";
import { type Path, type Problem, pathText } from "./problem.ts";
import { closest } from "./suggestion.ts";

/** The keywords of JSON Schema that our schemas use. */
export interface Node {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  /** A shape of text that whoever checks knows by its name. */
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Node;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  /** Ours: fields that somebody may expect here, each with what it means that there is none. */
  readonly "x-refused"?: Readonly<Record<string, string>>;
}

/** What is wrong with a text that should be of a format, or undefined. */
export type FormatFault = (format: string, text: string) => string | undefined;

export interface CheckOptions {
  readonly formatFault: FormatFault;
  /** Where the value is in its document; empty when it is the document. */
  readonly at?: Path;
}

export interface Checked {
  /** The value with its defaults filled in; of the schema's type when there are no problems. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** Fills in the defaults of a value and collects everything in it that is not what the schema says. */
export function check(schema: TSchema, value: unknown, { formatFault, at = [] }: CheckOptions): Checked {
  const problems: Problem[] = [];
  const report = (path: Path, message: string): number => problems.push({ path: pathText(path), message });
  return { value: visit(schema, value, at, { report, formatFault }), problems };
}

interface Visit {
  readonly report: (path: Path, message: string) => void;
  readonly formatFault: FormatFault;
}

function visit(node: Node, value: unknown, path: Path, visiting: Visit): unknown {
  const fault = faultOf(node, value, visiting.formatFault);
  if (fault !== undefined) {
    visiting.report(path, fault);
    return value;
  }
  if (isObject(value)) return hasFields(node) ? visitObject(node, value, path, visiting) : visitMap(node, value, path, visiting);
  if (Array.isArray(value) && node.items !== undefined) {
    const { items } = node;
    return value.map((item, index) => visit(items, item, [...path, index], visiting));
  }
  return value;
}

/** Whether the schema names the fields of an object, or leaves its keys to whoever writes it. */
function hasFields(node: Node): boolean {
  return Object.keys(node.properties ?? {}).length > 0;
}

function visitObject(node: Node, object: JsonObject, path: Path, visiting: Visit): JsonObject {
  const properties = node.properties ?? {};
  const names = Object.keys(properties);
  for (const key of Object.keys(object)) {
    if (!names.includes(key)) visiting.report([...path, key], refusal(node, key) ?? unknownField(key, names));
  }
  const filled: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const value = field(object, name) ?? (Object.hasOwn(object, name) ? null : property.default);
    if (value !== undefined) filled[name] = visit(property, value, [...path, name], visiting);
    else if (node.required?.includes(name)) visiting.report([...path, name], "is missing");
  }
  return filled;
}

// A map's keys are names that the reader of the configuration judges; its values are all alike.
function visitMap(node: Node, object: JsonObject, path: Path, visiting: Visit): JsonObject {
  const [values] = Object.values(node.patternProperties ?? {});
  if (values === undefined) return object;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, visit(values, value, [...path, key], visiting)]));
}

function refusal(node: Node, key: string): string | undefined {
  const refused = node["x-refused"] ?? {};
  return Object.hasOwn(refused, key) ? refused[key] : undefined;
}

function unknownField(key: string, names: readonly string[]): string {
  const suggestion = closest(key, names);
  return `is not a field; ${suggestion === undefined ? `the fields here are ${names.join(", ")}` : `did you mean ${suggestion}?`}`;
}

function faultOf(node: Node, value: unknown, formatFault: FormatFault): string | undefined {
  if (node.enum !== undefined) return node.enum.includes(value) ? undefined : `is ${shown(value)}; it must be one of ${node.enum.join(", ")}`;
  if (!hasType(node, value)) return typeFault(node, value);
  if (typeof value === "number") return rangeFault(node, value);
  if (Array.isArray(value)) return countFault(node, value.length);
  return typeof value === "string" ? textFault(node, value, formatFault) : undefined;
}

function textFault({ minLength = 0, maxLength = Infinity, format }: Node, text: string, formatFault: FormatFault): string | undefined {
  if (text.length < minLength) return "is empty";
  if (text.length > maxLength) return `has ${text.length} characters; at most ${maxLength} are read`;
  const fault = format === undefined ? undefined : formatFault(format, text);
  return fault === undefined ? undefined : `${shown(text)} ${fault}`;
}

function countFault({ minItems = 0, maxItems = Infinity }: Node, count: number): string | undefined {
  if (count < minItems) return "is empty; it needs at least one entry";
  return count > maxItems ? `has ${count} entries; at most ${maxItems} are read` : undefined;
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
