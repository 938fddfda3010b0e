import { type JsonObject, objectField, stringField } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError, explained } from "./cluster-error.ts";
import { ANSWER_LIMIT } from "./limit.ts";
import { MAX_AGE_SECONDS, Reflector, type ReflectorOptions } from "./reflector.ts";
import type { Seen, SharedObject } from "./shared-object.ts";

/** One object by its name. */
export interface ObjectPlace {
  /** As metrics name it: `secrets`. */
  readonly resource: string;
  /** Of its collection. */
  readonly path: readonly string[];
  readonly name: string;
}

/** A single object, which RBAC can grant by its name: watched, and replaced where it is still as it was seen. */
export class WatchedObject implements SharedObject {
  readonly resource: string;
  readonly #client: ClusterClient;
  readonly #place: ObjectPlace;
  readonly #options: ReflectorOptions;
  readonly #reflector: Reflector<JsonObject>;
  readonly #stopping = new AbortController();

  constructor(client: ClusterClient, place: ObjectPlace, options: ReflectorOptions & { readonly changed: () => void }) {
    this.resource = place.resource;
    this.#client = client;
    this.#place = place;
    this.#options = options;
    const query = { fieldSelector: `metadata.name=${place.name}` };
    this.#reflector = new Reflector(client, { resource: place.resource, path: place.path, query, parse: named, changed: options.changed }, options);
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#reflector.stop();
  }

  ageSeconds(): number {
    return this.#reflector.ageSeconds();
  }

  seen(): Seen {
    if (!this.#reflector.ready() || this.ageSeconds() > MAX_AGE_SECONDS) return { kind: "unknown" };
    const object = this.#reflector.get(this.#place.name);
    return object === undefined ? { kind: "absent" } : { kind: "present", object };
  }

  async replace(object: JsonObject): Promise<void> {
    const { path, name, resource } = this.#place;
    const call = { deadline: this.#options.timer.now() + ANSWER_LIMIT, signal: this.#stopping.signal };
    try {
      await this.#client.send({ method: "PUT", path: [...path, name], query: { fieldManager: "pratique" }, body: object }, call);
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      throw explained({ failure: `${name} (${resource}) could not be written`, verb: "update", resource }, thrown);
    }
  }
}

function named(object: JsonObject): readonly [string, JsonObject] {
  const name = stringField(objectField(object, "metadata") ?? {}, "name");
  if (!name) throw new ClusterError("Malformed", "the API server's answer has an object without a name");
  return [name, object];
}
