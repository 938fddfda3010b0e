import { LRUCache } from "lru-cache";
import type { JsonObject } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { sharedCall } from "./limit.ts";
import { readNamed } from "./named-object.ts";
import type { Timer } from "./timer.ts";

/** Which objects are kept, and what of them. */
export interface Kept<T> {
  /** `secrets`. */
  readonly resource: string;
  /** What is kept. Throws ClusterError (Malformed). */
  readonly parse: (object: JsonObject, ref: ObjectRef) => T;
}

/** Both names have been parsed (object-name.ts). */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

interface Found<T> {
  /** Undefined for an object that does not exist. */
  readonly value: T | undefined;
}

const KEPT_MS = 30_000;
/** Who has just been told that a Secret is missing creates it and tries again. */
const ABSENT_MS = 5_000;
const MAX_OBJECTS = 1_000;
const MAX_SIZE = 16 * 1024 * 1024;

/**
 * Objects read one by one with GET, which is all that RBAC must grant, and kept for 30 s (design section 8; an absence
 * 5 s). Failures are never kept; equal questions at the same time are one GET with a limit of its own.
 */
export class KeptObjects<T> {
  readonly #client: ClusterClient;
  readonly #kept: Kept<T>;
  readonly #cache: LRUCache<string, Found<T>, ObjectRef>;

  constructor(client: ClusterClient, kept: Kept<T>, timer: Timer) {
    this.#client = client;
    this.#kept = kept;
    this.#cache = new LRUCache<string, Found<T>, ObjectRef>({
      max: MAX_OBJECTS,
      maxSize: MAX_SIZE,
      sizeCalculation: (found) => JSON.stringify(found).length,
      ttl: KEPT_MS,
      ttlResolution: 0,
      perf: timer,
      // An object that is pushed out while it is asked for is still an answer.
      ignoreFetchAbort: true,
      fetchMethod: async (_key, _stale, { options, context }) => {
        const value = await this.#read(context);
        options.ttl = value === undefined ? ABSENT_MS : KEPT_MS;
        return { value };
      },
    });
  }

  /** Undefined for an object that does not exist. Throws ClusterError. */
  async get(ref: ObjectRef): Promise<T | undefined> {
    return (await this.#cache.fetch(`${ref.namespace}/${ref.name}`, { context: ref }))?.value;
  }

  async #read(ref: ObjectRef): Promise<T | undefined> {
    const { resource, parse } = this.#kept;
    const object = await readNamed(this.#client, { resource, ...ref }, sharedCall());
    return object && parse(object, ref);
  }
}
