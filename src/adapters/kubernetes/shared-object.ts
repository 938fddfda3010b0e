import type { JsonObject } from "../../json.ts";

/** What is known of an object: nothing before the first list, and nothing certain once the API server has been silent for too long. */
export type Seen = { readonly kind: "unknown" } | { readonly kind: "absent" } | { readonly kind: "present"; readonly object: JsonObject };

/** An object that all replicas read and write. */
export interface SharedObject {
  /** As metrics name it: `secrets`. */
  readonly resource: string;
  start(): void;
  stop(): Promise<void>;
  seen(): Seen;
  /** Seconds since the API server last confirmed what is known. */
  ageSeconds(): number;
  /** Writes it, with the version that `object` was seen with. Throws ClusterError: Conflict when somebody else was faster. */
  replace(object: JsonObject): Promise<void>;
}
