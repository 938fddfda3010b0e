import type { Resource } from "../admission/review.ts";
import { WORKLOAD_RESOURCES, type WorkloadResource } from "../admission/workload.ts";

/** One kind of object that an audit lists. */
export interface Listed {
  readonly resource: Resource;
  readonly workload: WorkloadResource;
}

/** Those that own before those that are owned: Pods, which are first among the resources, come last. */
export const LISTED: readonly Listed[] = [...WORKLOAD_RESOURCES].map(([name, workload]) => ({ resource: resourceOf(name), workload })).toReversed();

function resourceOf(name: string): Resource {
  const [group = "", version = "", resource = ""] = name.split("/");
  return { group, version, resource };
}
