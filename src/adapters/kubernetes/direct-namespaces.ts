import type { LabelMap, Namespaces } from "../../admission/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import { type JsonObject, objectField, stringField, stringMapField } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { sharedCall, within } from "./limit.ts";
import { isObjectName } from "./object-name.ts";
import { PendingLookups } from "./pending-lookups.ts";
import type { Timer } from "./timer.ts";

export const NAMESPACES_PATH = ["api", "v1", "namespaces"] as const;

const NO_LABELS: LabelMap = new Map();

/** The name and the labels of a Namespace, which is all that is kept of it. Throws ClusterError (Malformed). */
export function parseNamespace(object: JsonObject): readonly [name: string, labels: LabelMap] {
  const metadata = objectField(object, "metadata") ?? {};
  const name = stringField(metadata, "name");
  if (!name) throw new ClusterError("Malformed", "the API server's answer has a namespace without a name");
  return [name, stringMapField(metadata, "labels")];
}

/** Asks the API server each time: what the watch falls back on, and what the command line needs. */
export class DirectNamespaces implements Namespaces {
  readonly #client: ClusterClient;
  readonly #timer: Timer;
  readonly #pending = new PendingLookups<LabelMap>();

  constructor(client: ClusterClient, timer: Timer) {
    this.#client = client;
    this.#timer = timer;
  }

  /** Equal questions at the same time are one GET, with a limit of its own. */
  labels(namespace: string, call: Call): Promise<LabelMap> {
    return this.#explained(namespace, () => within(this.#pending.get(namespace, () => this.#read(namespace, sharedCall())), call, this.#timer));
  }

  /** A GET that began after this was called, so never shared: a label set before is seen. */
  freshLabels(namespace: string, call: Call): Promise<LabelMap> {
    return this.#explained(namespace, () => this.#read(namespace, call));
  }

  async #read(namespace: string, call: Call): Promise<LabelMap> {
    try {
      const [name, labels] = parseNamespace(await this.#client.get({ path: [...NAMESPACES_PATH, namespace] }, call));
      if (name !== namespace) throw new ClusterError("Malformed", "the API server answered with another namespace");
      return labels;
    } catch (thrown) {
      if (thrown instanceof ClusterError && thrown.code === "NotFound") return NO_LABELS;
      throw thrown;
    }
  }

  async #explained(namespace: string, look: () => Promise<LabelMap>): Promise<LabelMap> {
    if (!isObjectName(namespace)) return NO_LABELS;
    try {
      return await look();
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      const failure = `the labels of namespace ${namespace} could not be read`;
      throw undetermined({ reason: "NamespaceUnknown", failure, verb: "get", resource: "namespaces" }, thrown);
    }
  }
}
