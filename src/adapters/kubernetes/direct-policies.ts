import type { Call, Policies } from "../../inspection/ports.ts";
import type { TrustPolicy } from "../../trust/trust-policy.ts";
import type { ApiReader } from "./cluster-client.ts";
import { PolicyLists } from "./policy-lists.ts";
import { PolicyResolver } from "./policy-resolver.ts";
import { PolicySecrets } from "./policy-secrets.ts";
import type { Timer } from "./timer.ts";

/** Lists the policies and reads their Secrets each time: what the command line needs. */
export class DirectPolicies implements Policies {
  readonly #client: ApiReader;
  readonly #timer: Timer;
  readonly #lists: PolicyLists;

  /** `installation`: the namespace whose Secrets a ClusterTrustPolicy names. */
  constructor(client: ApiReader, timer: Timer, installation: string) {
    this.#client = client;
    this.#timer = timer;
    this.#lists = new PolicyLists(client, timer, installation);
  }

  async policiesFor(namespace: string, call: Call): Promise<readonly TrustPolicy[]> {
    const listed = await this.#lists.list(namespace, call);
    return new PolicyResolver(new PolicySecrets(this.#client, this.#timer)).resolve(listed, call);
  }
}
