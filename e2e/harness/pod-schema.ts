// What a Pod's spec may hold, in a few lines for each type: from the OpenAPI document of a real API server.
import { readFile, writeFile } from "node:fs/promises";
import type { PodSchema } from "../../test/helpers/pod-schema.ts";
import type { Cluster } from "./cluster.ts";

export const RECORDING = new URL("../../test/fixtures/pod-schema.json", import.meta.url);

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

type Schemas = Readonly<Record<string, Schema>>;

const ROOT = "io.k8s.api.core.v1.PodSpec";

/** Everything that can be reached from a Pod's spec, as the server describes it. */
export async function podSchemaOf(cluster: Cluster): Promise<PodSchema> {
  const { body } = await cluster.call("GET", "/openapi/v3/api/v1");
  const { components } = body as { readonly components: { readonly schemas: Schemas } };
  const types: Record<string, Record<string, string>> = {};
  const reach = (name: string): void => {
    const properties = components.schemas[name]?.properties;
    if (properties === undefined || types[shortName(name)] !== undefined) return;
    const fields = Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1));
    types[shortName(name)] = Object.fromEntries(fields.map(([field, schema]) => [field, notation(schema, components.schemas)]));
    for (const [, schema] of fields) for (const reference of referencesOf(schema)) reach(reference);
  };
  reach(ROOT);
  return { root: shortName(ROOT), types };
}

/** Writes down what this server says, in place of what was recorded before. */
export async function record(schema: PodSchema): Promise<void> {
  await writeFile(RECORDING, `${JSON.stringify(schema, null, 1)}\n`);
}

export async function recorded(): Promise<PodSchema> {
  return JSON.parse(await readFile(RECORDING, "utf8")) as PodSchema;
}

// `Container[]`, `string{}` (a map), or a name alone; what has no fields of its own is `any`.
function notation(schema: Schema, schemas: Schemas): string {
  if (schema.items !== undefined) return `${notation(schema.items, schemas)}[]`;
  if (schema.additionalProperties !== undefined) return `${notation(schema.additionalProperties, schemas)}{}`;
  const [reference] = referencesOf(schema);
  if (reference === undefined) return schema.type ?? "any";
  return schemas[reference]?.properties === undefined ? "any" : shortName(reference);
}

function referencesOf({ $ref, allOf = [], items, additionalProperties }: Schema): readonly string[] {
  const inner = [...allOf, ...(items === undefined ? [] : [items]), ...(additionalProperties === undefined ? [] : [additionalProperties])];
  const own = $ref === undefined ? [] : [$ref.slice($ref.lastIndexOf("/") + 1)];
  return [...own, ...inner.flatMap(referencesOf)];
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
