import type { Resource } from "../../admission/review.ts";
import type { Scope, WorkloadLister } from "../../audit/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import type { JsonObject } from "../../json.ts";
import type { ApiReader, ApiRequest } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { listPages } from "./list-pages.ts";
import { STILL_THERE } from "./pod-lister.ts";

/** Lists whatever names images, for an audit; nothing is watched or kept. */
export class ClusterWorkloadLister implements WorkloadLister {
  readonly #client: ApiReader;

  constructor(client: ApiReader) {
    this.#client = client;
  }

  /** Throws UndeterminedError (NamespaceUnknown, DeadlineExceeded), which names what to grant. */
  async *pages(resource: Resource, scope: Scope, call: Call): AsyncGenerator<readonly JsonObject[]> {
    try {
      for await (const { items } of listPages(this.#client, questionOf(resource, scope), call)) yield items;
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      const place = scope.kind === "cluster" ? "the cluster" : `namespace ${scope.namespace}`;
      const failure = `the ${resource.resource} of ${place} could not be listed`;
      const granted = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
      throw undetermined({ reason: "NamespaceUnknown", failure, verb: "list", resource: granted }, thrown);
    }
  }
}

function questionOf({ group, version, resource }: Resource, scope: Scope): ApiRequest {
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const place = scope.kind === "cluster" ? [] : ["namespaces", scope.namespace];
  const path = [...root, ...place, resource];
  return resource === "pods" ? { path, query: { fieldSelector: STILL_THERE } } : { path };
}
