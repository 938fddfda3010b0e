import { quote } from "../image/reference.ts";
import { arrayField, field, isObject, type JsonObject, objectField, stringField } from "../json.ts";

/** The objects of a list; whatever else is in it is left out. */
export function objectsIn(object: JsonObject, name: string): readonly JsonObject[] {
  return (arrayField(object, name) ?? []).filter(isObject);
}

/** The texts of a list, or the one text that stands in its place. */
export function textsIn(object: JsonObject, name: string): readonly string[] {
  const value = field(object, name);
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter((each) => typeof each === "string");
}

export function metadataOf(document: JsonObject): { readonly name: string; readonly namespace: string | undefined } {
  const metadata = objectField(document, "metadata") ?? {};
  return { name: stringField(metadata, "name") ?? "imported", namespace: stringField(metadata, "namespace") };
}

/** `ClusterImagePolicy "release"`, whatever somebody called it. */
export function named(kind: string, name: string): string {
  return `${kind} ${quote(name)}`;
}

/** The public keys of a text in PEM, each by itself. */
export function pemBlocks(text: string): readonly string[] {
  return (text.match(/-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]*-----END PUBLIC KEY-----/g) ?? []).map((block) => `${block}\n`);
}

/** A name that an object of Kubernetes may have. */
export function objectName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 200) || "imported";
}
