import type { Node } from "../../src/schema/check.ts";
import type { Format } from "../../src/config/format.ts";

/** One field of a schema, as a line of a table. */
export interface Row {
  /** `tls.certFile`, `registries[].host`. */
  readonly path: string;
  readonly type: string;
  /** Undefined for a field without one: a group's fields have their own. */
  readonly default: string | undefined;
  readonly description: string;
}

/** The fields below a schema, in its order. A group is not a row, but a list of objects is, before the fields of one. */
export function fieldRows(schema: Node, prefix = ""): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => rowsOf(node, `${prefix}${name}`));
}

/** Whether a field is a group of fields and no more. */
export function isGroup(node: Node): boolean {
  return node.type === "object" && Object.keys(node.properties ?? {}).length > 0;
}

function rowsOf(node: Node, path: string): readonly Row[] {
  if (isGroup(node)) return fieldRows(node, `${path}.`);
  return [rowOf(node, path), ...(node.items === undefined ? [] : fieldRows(node.items, `${path}[].`))];
}

function rowOf(node: Node, path: string): Row {
  if (node.description === undefined) throw new Error(`${path} has no description`);
  return { path, type: typeText(node), default: defaultText(node), description: node.description };
}

const FORMAT_NAMES: Readonly<Record<Format, string>> = {
  address: "host:port",
  host: "host",
  realm: "host",
  glob: "glob",
  repositoryGlob: "glob",
  optionalRepository: "repository",
  location: "host[/path]",
  platform: "platform",
  namespace: "namespace",
  optionalName: "name",
};

function typeText(node: Node): string {
  if (node.enum !== undefined) return node.enum.filter((value) => value !== "").map((value) => `\`${String(value)}\``).join(", ");
  if (node.type === "array") return `list of ${node.items?.type === "object" ? "objects" : `${typeText(node.items ?? {})}s`}`;
  if (node.type === "string") return node.format === undefined ? "text" : FORMAT_NAMES[node.format as Format];
  if (node.type === "integer" || node.type === "number") return `${node.type === "integer" ? "whole number" : "number"}${rangeText(node)}`;
  if (node.type === "boolean") return "`true`, `false`";
  return node.patternProperties === undefined ? "object" : "map";
}

function rangeText({ minimum, maximum }: Node): string {
  if (minimum === undefined) return "";
  return maximum === undefined ? `, at least ${minimum}` : `, ${minimum} to ${maximum}`;
}

function defaultText(node: Node): string | undefined {
  if (node.default === undefined) return undefined;
  return `\`${typeof node.default === "string" && node.default !== "" ? node.default : JSON.stringify(node.default)}\``;
}
