import type { Call } from "../../inspection/ports.ts";
import { type DecodedPolicy, secretRefsOf } from "../../trust/decode.ts";
import { resolvePolicy } from "../../trust/resolve.ts";
import type { TrustPolicy } from "../../trust/trust-policy.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import type { PolicySecrets } from "./policy-secrets.ts";

interface Resolved {
  /** The Secrets' revision that it was resolved with. */
  readonly revision: number;
  readonly policy: TrustPolicy;
}

/** Policies with the keys of their Secrets, kept until a policy or a Secret changes. */
export class PolicyResolver {
  readonly #secrets: PolicySecrets;
  readonly #kept = new WeakMap<DecodedPolicy, Resolved>();

  constructor(secrets: PolicySecrets) {
    this.#secrets = secrets;
  }

  /** Reads the Secrets that have to be read first. Throws UndeterminedError (DeadlineExceeded). */
  async resolve(policies: readonly DecodedPolicy[], call: Call): Promise<readonly TrustPolicy[]> {
    try {
      await this.#secrets.settle(policies.flatMap(secretRefsOf), call);
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      throw undetermined({ reason: "PoliciesUnknown", failure: "the keys of the trust policies could not be read", verb: "get", resource: "secrets" }, thrown);
    }
    return policies.map((policy) => this.current(policy));
  }

  /** By what is known of its Secrets. */
  current(policy: DecodedPolicy): TrustPolicy {
    const { revision } = this.#secrets;
    const kept = this.#kept.get(policy);
    if (kept?.revision === revision) return kept.policy;
    const resolved = resolvePolicy(policy, (ref) => this.#secrets.text(ref));
    this.#kept.set(policy, { revision, policy: resolved });
    return resolved;
  }
}
