import type { Node } from "../../src/schema/check.ts";
import { type Row, fieldRows, isGroup } from "./rows.ts";

const BEGIN = "<!-- begin generated: npm run generate -->";
const END = "<!-- end generated -->";

/** A hand-written page with what lies between its two marks replaced. Throws for a page without them. */
export function withGenerated(page: string, generated: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`a page lacks the marks "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${generated}\n\n${page.slice(end)}`;
}

/** One table of the fields that stand alone, then a section with a table for each group and each list of objects. */
export function fieldSections(schema: Node): string {
  const fields = Object.entries(schema.properties ?? {});
  const alone = fields.flatMap(([name, node]) => (hasSection(node) ? [] : fieldRows({ properties: { [name]: node } })));
  return [table(alone), ...fields.filter(([, node]) => hasSection(node)).map(([name, node]) => section(name, node))].join("\n\n");
}

/** One table of all fields. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ path, type, default: value, description }) => `| \`${path}\` | ${type} | ${value ?? ""} | ${escape(description)} |`);
  return ["| field | type | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function hasSection(node: Node): boolean {
  return isGroup(node) || (node.items !== undefined && isGroup(node.items));
}

function section(name: string, node: Node): string {
  const rows = fieldRows({ properties: { [name]: node } }).filter(({ path }) => path !== name);
  return `### \`${name}\`\n\n${node.description ?? ""}\n\n${table(rows)}`;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
