import { stringify } from "yaml";
import type { Node } from "../../src/schema/check.ts";
import { isGroup } from "./rows.ts";

/** What `values.yaml` shows of a schema: each default under what it means, and an example where the default shows nothing. */
interface Value extends Node {
  readonly examples?: readonly unknown[];
}

const WIDTH = 120;
const HEADER = "# The values of the chart and their defaults. Made by `npm run generate` from tools/generate/chart-values.ts.\n";

/** The text of `values.yaml`. */
export function valuesYaml(schema: Node): string {
  const entries = Object.entries(schema.properties ?? {}).map(([name, node]) => entry(name, node, 0));
  return [HEADER, ...entries].join("\n");
}

function entry(name: string, node: Value, depth: number): string {
  const indent = "  ".repeat(depth);
  const comment = commentLines(node, WIDTH - indent.length).map((line) => `${indent}# ${line}`.trimEnd()).join("\n");
  if (!isGroup(node)) return `${comment}\n${indented(stringify({ [name]: node.default }, { lineWidth: 0 }), indent)}`;
  const fields = Object.entries(node.properties ?? {}).map(([name, node]) => entry(name, node, depth + 1));
  return `${comment}\n${indent}${name}:\n${fields.join("")}`;
}

function commentLines({ description = "", examples = [] }: Value, width: number): readonly string[] {
  const shown = examples.flatMap((example) => ["For example:", ...stringify(example, { lineWidth: 0 }).trimEnd().split("\n").map((line) => `  ${line}`)]);
  return [...wrapped(description, width - 2), ...shown];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length >= width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function indented(text: string, indent: string): string {
  return text.replaceAll(/^(?=.)/gm, indent);
}
