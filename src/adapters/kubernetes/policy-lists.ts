import type { Call } from "../../inspection/ports.ts";
import type { DecodedPolicy } from "../../trust/decode.ts";
import { type PolicyKind, POLICY_RESOURCES } from "../../trust/trust-policy.ts";
import type { ApiReader } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { sharedCall, within } from "./limit.ts";
import { listPages } from "./list-pages.ts";
import { isObjectName } from "./object-name.ts";
import { PendingLookups } from "./pending-lookups.ts";
import { parsePolicy, policiesPath } from "./policy-object.ts";
import type { Timer } from "./timer.ts";

/** Lists policies each time that it is asked: what the watch falls back on, and what the command line needs. */
export class PolicyLists {
  readonly #client: ApiReader;
  readonly #timer: Timer;
  readonly #installation: string;
  readonly #pending = new PendingLookups<readonly DecodedPolicy[]>();

  /** `installation`: the namespace whose Secrets a ClusterTrustPolicy names. */
  constructor(client: ApiReader, timer: Timer, installation: string) {
    this.#client = client;
    this.#timer = timer;
    this.#installation = installation;
  }

  /**
   * The cluster's and this namespace's. Equal questions at the same time are one list, with limits of its own. Throws
   * UndeterminedError (PoliciesUnknown, DeadlineExceeded).
   */
  async list(namespace: string, call: Call): Promise<readonly DecodedPolicy[]> {
    // A namespace that cannot exist has no policies of its own.
    const own = isObjectName(namespace) ? [this.#shared("TrustPolicy", namespace, call)] : [];
    const lists = await Promise.all([this.#shared("ClusterTrustPolicy", undefined, call), ...own]);
    return lists.flat();
  }

  async #shared(kind: PolicyKind, namespace: string | undefined, call: Call): Promise<readonly DecodedPolicy[]> {
    try {
      return await within(
        this.#pending.get(namespace ?? "", () => this.#read(kind, namespace)),
        call,
        this.#timer,
      );
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      const failure = `the trust policies of ${namespace === undefined ? "the cluster" : `namespace ${namespace}`} could not be listed`;
      throw undetermined({ reason: "PoliciesUnknown", failure, verb: "list", resource: POLICY_RESOURCES[kind] }, thrown);
    }
  }

  async #read(kind: PolicyKind, namespace: string | undefined): Promise<readonly DecodedPolicy[]> {
    const policies: DecodedPolicy[] = [];
    for await (const { items } of listPages(this.#client, { path: policiesPath(kind, namespace) }, sharedCall())) {
      policies.push(...items.map((object) => parsePolicy(kind, object, this.#installation)[1].decoded));
    }
    return policies;
  }
}
