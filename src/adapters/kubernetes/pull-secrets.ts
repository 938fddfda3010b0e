import type { PullIdentity, PullSecrets } from "../../admission/ports.ts";
import { EMPTY_KEYRING, type Keyring, type KeyringEntry, keyringOf } from "../../inspection/keyring.ts";
import type { Call, SourceCredentials } from "../../inspection/ports.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError, undetermined } from "./cluster-error.ts";
import { KeptObjects, type ObjectRef } from "./kept-objects.ts";
import { within } from "./limit.ts";
import { isObjectName } from "./object-name.ts";
import { parsePullSecret, type PullSecret, pullSecretNames } from "./pull-secret.ts";
import type { ClusterRecorder } from "./recorder.ts";
import type { Timer } from "./timer.ts";

/** Whoever writes a Pod chooses how many it names; each costs a GET. */
const MAX_SECRETS = 50;

export interface PullSecretsOptions {
  readonly timer: Timer;
  readonly recorder: ClusterRecorder;
}

/**
 * Pull secrets as the kubelet finds them (design section 10): the Pod's own, else its service account's. One that does
 * not exist, or is no pull secret, gives nothing; one that cannot be read leaves the answer open.
 */
export class ClusterPullSecrets implements PullSecrets {
  /** Those that a policy names for a repository of signatures, from the same kept Secrets. */
  readonly sources: SourceCredentials = { keyring: ({ namespace, names }, call) => this.#keyringOf(namespace, names, call) };
  readonly #options: PullSecretsOptions;
  readonly #secrets: KeptObjects<readonly KeyringEntry[]>;
  readonly #accounts: KeptObjects<readonly string[]>;

  constructor(client: ClusterClient, options: PullSecretsOptions) {
    this.#options = options;
    this.#accounts = new KeptObjects(client, { resource: "serviceaccounts", parse: pullSecretNames }, options.timer);
    this.#secrets = new KeptObjects(client, { resource: "secrets", parse: (secret, ref) => this.#entriesOf(parsePullSecret(secret), ref) }, options.timer);
  }

  async keyring(identity: PullIdentity, call: Call): Promise<Keyring> {
    const { namespace, pullSecrets, serviceAccount } = identity;
    if (!isObjectName(namespace)) return EMPTY_KEYRING;
    const names = pullSecrets.length > 0 ? pullSecrets : await this.#accountNames({ namespace, name: serviceAccount || "default" }, call);
    return this.#keyringOf(namespace, names, call);
  }

  async #keyringOf(namespace: string, names: readonly string[], call: Call): Promise<Keyring> {
    if (!isObjectName(namespace)) return EMPTY_KEYRING;
    // In one keyring, as in the kubelet: the longest path comes first whichever secret it is in.
    const entries = await Promise.all(this.#readable(namespace, names).map((name) => this.#secret({ namespace, name }, call)));
    return keyringOf(entries.flat());
  }

  #readable(namespace: string, names: readonly string[]): readonly string[] {
    // No Secret has a name of another form, so it does not exist.
    const distinct = [...new Set(names)].filter(isObjectName);
    const surplus = distinct[MAX_SECRETS];
    if (surplus !== undefined) this.#options.recorder.secretIgnored(namespace, surplus, `only the first ${MAX_SECRETS} pull secrets are read`);
    return distinct.slice(0, MAX_SECRETS);
  }

  async #accountNames(ref: ObjectRef, call: Call): Promise<readonly string[]> {
    if (!isObjectName(ref.name)) return [];
    try {
      return (await within(this.#accounts.get(ref), call, this.#options.timer)) ?? [];
    } catch (thrown) {
      throw unavailable("service account", "serviceaccounts", ref, thrown);
    }
  }

  async #secret(ref: ObjectRef, call: Call): Promise<readonly KeyringEntry[]> {
    try {
      return (await within(this.#secrets.get(ref), call, this.#options.timer)) ?? [];
    } catch (thrown) {
      throw unavailable("pull secret", "secrets", ref, thrown);
    }
  }

  #entriesOf(secret: PullSecret, ref: ObjectRef): readonly KeyringEntry[] {
    if (secret.kind === "credentials") return secret.entries;
    this.#options.recorder.secretIgnored(ref.namespace, ref.name, secret.why);
    return [];
  }
}

function unavailable(what: string, resource: string, { namespace, name }: ObjectRef, thrown: unknown): unknown {
  if (!(thrown instanceof ClusterError)) return thrown;
  const failure = `the ${what} ${namespace}/${name} could not be read`;
  return undetermined({ reason: "CredentialsUnavailable", failure, verb: "get", resource: `${resource} in namespace ${namespace}` }, thrown);
}
