import type { PodLister, RunningPod } from "../../admission/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import { type JsonObject, objectField, stringField } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { listPages } from "./list-pages.ts";
import { isObjectName } from "./object-name.ts";

/** A Pod that has ended runs nothing any more. */
export const STILL_THERE = "status.phase!=Succeeded,status.phase!=Failed";

/** Lists Pods when a namespace is relabelled; nothing is watched or kept. */
export class ClusterPodLister implements PodLister {
  readonly #client: ClusterClient;

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  /**
   * When time runs out, or the API server fails, after a first page, what has come is returned, with `more`. Throws
   * UndeterminedError (NamespaceUnknown, DeadlineExceeded) when nothing has.
   */
  async list(namespace: string, limit: number, call: Call): Promise<{ readonly pods: readonly RunningPod[]; readonly more: boolean }> {
    const pods: RunningPod[] = [];
    if (!isObjectName(namespace)) return { pods, more: false };
    let more = false;
    try {
      const question = { path: ["api", "v1", "namespaces", namespace, "pods"], query: { fieldSelector: STILL_THERE } };
      for await (const page of listPages(this.#client, question, call)) {
        pods.push(...page.items.map(runningPod));
        more = page.more || pods.length > limit;
        if (pods.length >= limit) break;
      }
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      if (!more) throw explained(namespace, thrown);
    }
    return { pods: pods.slice(0, limit), more };
  }
}

function runningPod(object: JsonObject): RunningPod {
  return { name: stringField(objectField(object, "metadata") ?? {}, "name") ?? "", object };
}

function explained(namespace: string, thrown: ClusterError): Error {
  const failure = `the Pods of namespace ${namespace} could not be listed`;
  return undetermined({ reason: "NamespaceUnknown", failure, verb: "list", resource: "pods" }, thrown);
}
