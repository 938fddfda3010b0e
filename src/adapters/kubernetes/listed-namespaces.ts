import type { LabelMap, Namespaces } from "../../admission/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import type { ApiReader } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { NAMESPACES_PATH, parseNamespace } from "./direct-namespaces.ts";
import { sharedCall, within } from "./limit.ts";
import { listPages } from "./list-pages.ts";
import type { Timer } from "./timer.ts";

const NO_LABELS: LabelMap = new Map();

/** The labels of all namespaces by one list, when the first is asked for: for whoever is going to ask about most of them. */
export class ListedNamespaces implements Pick<Namespaces, "labels"> {
  readonly #client: ApiReader;
  readonly #timer: Timer;
  #listed: Promise<ReadonlyMap<string, LabelMap>> | undefined;

  constructor(client: ApiReader, timer: Timer) {
    this.#client = client;
    this.#timer = timer;
  }

  /** Throws UndeterminedError (NamespaceUnknown, DeadlineExceeded). */
  async labels(namespace: string, call: Call): Promise<LabelMap> {
    this.#listed ??= this.#list();
    try {
      const listed = await within(this.#listed, call, this.#timer);
      return listed.get(namespace) ?? NO_LABELS;
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      throw undetermined({ reason: "NamespaceUnknown", failure: "the namespaces could not be listed", verb: "list", resource: "namespaces" }, thrown);
    }
  }

  async #list(): Promise<ReadonlyMap<string, LabelMap>> {
    const namespaces = new Map<string, LabelMap>();
    for await (const { items } of listPages(this.#client, { path: NAMESPACES_PATH }, sharedCall())) {
      for (const object of items) namespaces.set(...parseNamespace(object));
    }
    return namespaces;
  }
}
