// What the values of the chart are made of.
import { type Static, type TProperties, type TSchema, Type } from "typebox";

/** `examples` stand in values.yaml, beside a default that shows nothing. */
type Example = object;

export function group<Fields extends TProperties>(description: string, fields: Fields) {
  return Type.Object(fields, { description, default: {}, additionalProperties: false });
}

export function list<Item extends TSchema>(item: Item, description: string, value: Static<Item>[] = []) {
  return Type.Array(item, { description, default: value });
}

export function text(description: string, value = "") {
  return Type.String({ description, default: value });
}

/** Text of a shape that Helm itself checks. */
export function shapedText(description: string, pattern: string) {
  return Type.String({ description, default: "", pattern });
}

export function flag(description: string, value: boolean) {
  return Type.Boolean({ description, default: value });
}

export function wholeNumber(description: string, value: number, range: { readonly minimum: number; readonly maximum?: number }) {
  return Type.Integer({ description, default: value, ...range });
}

/** A map of texts: labels, annotations. Anything else there is an error that the API server tells badly. */
export function texts(description: string, { value = {}, example }: { readonly value?: Readonly<Record<string, string>>; readonly example?: Example } = {}) {
  return Type.Record(Type.String(), Type.String(), { description, default: value, ...examples(example) });
}

/** What Kubernetes defines is its API server's to check. */
export function asInKubernetes(description: string, { value = {}, example }: { readonly value?: object; readonly example?: Example } = {}) {
  return Type.Object({}, { description, default: value, ...examples(example) });
}

export function kubernetesObjects(description: string, { value = [], example }: { readonly value?: object[]; readonly example?: Example } = {}) {
  return Type.Array(Type.Object({}), { description, default: value, ...examples(example) });
}

function examples(example: Example | undefined) {
  return example === undefined ? {} : { examples: [example] };
}
