import type { Inspector, Namespaces, PullSecrets, Timer } from "../admission/ports.ts";
import type { Resource } from "../admission/review.ts";
import type { Call } from "../inspection/ports.ts";
import type { JsonObject } from "../json.ts";

/** Which namespaces are looked at. */
export type Scope = { readonly kind: "cluster" } | { readonly kind: "namespace"; readonly namespace: string };

export interface WorkloadLister {
  /** Objects as the API server has them, page by page; of Pods only those that have not ended. Throws UndeterminedError. */
  pages(resource: Resource, scope: Scope, call: Call): AsyncIterable<readonly JsonObject[]>;
}

/** Everything that an audit needs of the world. */
export interface AuditPorts {
  readonly workloads: WorkloadLister;
  readonly labels: Namespaces["labels"];
  readonly pullSecrets: PullSecrets;
  readonly inspector: Inspector;
  readonly timer: Timer;
  /** Told of what should never have been thrown. */
  readonly defect: (cause: unknown) => void;
}
