import type { Timer } from "../admission/ports.ts";
import { CodedError } from "../errors.ts";
import type { Call } from "../inspection/ports.ts";
import type { JsonObject } from "../json.ts";
import type { TrialAnswer } from "./reply.ts";

export type ReadFault =
  /** A rule of RBAC is missing. */
  | "Forbidden"
  /** The API server does not answer, or does not know us. */
  | "Unreachable"
  /** It answered something else than what was asked for. */
  | "Unreadable";

/** Something of the cluster could not be read. The message says what, and what to grant. */
export class UnreadableError extends CodedError<ReadFault> {}

/** A resource of the API, by the group, version and plural that paths have. */
export interface Resource {
  /** Empty for the core's. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export const CORE = (resource: string): Resource => ({ group: "", version: "v1", resource });

/** Which objects of a resource. */
export interface Listing extends Resource {
  /** Undefined for those of the whole cluster. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string;
}

export interface ObjectName extends Resource {
  readonly namespace: string;
  readonly name: string;
}

/** The API server, as a person with kubectl asks it. Everything throws UnreadableError. */
export interface ClusterReader {
  /** `v1.36.3`. */
  version(call: Call): Promise<string>;
  /** Undefined where the API server serves no such resource. */
  list(listing: Listing, call: Call): Promise<readonly JsonObject[] | undefined>;
  /** Undefined where there is no such object. */
  get(name: ObjectName, call: Call): Promise<JsonObject | undefined>;
  /** Creates an object as a dry run: nothing is written, and every webhook is asked. */
  tryCreate(path: readonly string[], object: JsonObject, call: Call): Promise<TrialAnswer>;
}

export interface DoctorPorts {
  readonly reader: ClusterReader;
  readonly timer: Timer;
}
