import type { Call } from "../../inspection/ports.ts";
import { type JsonObject, objectField, stringField } from "../../json.ts";
import type { ApiReader } from "./cluster-client.ts";
import { ClusterError } from "./cluster-error.ts";

/** One object of the core API in a namespace. Both names have been parsed (object-name.ts). */
export interface NamedObject {
  /** `secrets`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reads an object by its name; undefined when the API server says that there is none. Throws ClusterError. */
export async function readNamed(client: ApiReader, { resource, namespace, name }: NamedObject, call: Call): Promise<JsonObject | undefined> {
  try {
    const object = await client.get({ path: ["api", "v1", "namespaces", namespace, resource, name] }, call);
    if (stringField(objectField(object, "metadata") ?? {}, "name") === name) return object;
  } catch (thrown) {
    if (thrown instanceof ClusterError && thrown.code === "NotFound") return undefined;
    throw thrown;
  }
  throw new ClusterError("Malformed", "the API server answered with another object");
}
