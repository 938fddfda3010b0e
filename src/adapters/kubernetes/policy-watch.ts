import type { Call, Policies } from "../../inspection/ports.ts";
import { type DecodedPolicy, secretRefsOf } from "../../trust/decode.ts";
import { POLICY_KINDS, POLICY_RESOURCES, type PolicyKind, type TrustPolicy } from "../../trust/trust-policy.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { PolicyLists } from "./policy-lists.ts";
import { type KnownPolicy, parsePolicy, policiesPath } from "./policy-object.ts";
import { PolicyResolver } from "./policy-resolver.ts";
import { PolicySecrets } from "./policy-secrets.ts";
import { MAX_AGE_SECONDS, Reflector, type ReflectorOptions } from "./reflector.ts";

export interface PolicyWatchOptions extends ReflectorOptions {
  /** The namespace whose Secrets a ClusterTrustPolicy names. */
  readonly installation: string;
  /** Called when a policy, or what a Secret holds for one, is another. */
  readonly changed: () => void;
}

/** A policy beside what it comes to with its keys. */
export interface ResolvedPolicy {
  readonly known: KnownPolicy;
  readonly policy: TrustPolicy;
}

/** How many policies of one resource can be used, or cannot. */
export interface PolicyCount {
  readonly resource: string;
  readonly ready: boolean;
  readonly count: number;
}

/** By namespace; the cluster's are in each. */
interface Index {
  readonly cluster: readonly DecodedPolicy[];
  readonly byNamespace: ReadonlyMap<string, readonly DecodedPolicy[]>;
}

/**
 * The policies of the cluster, from watches while both are young, and by lists once one of them has been silent for more
 * than 60 s. Decoded when they change, and not when they are asked for.
 */
export class PolicyWatch implements Policies {
  /** Resolves when each kind has been listed, or could not be, for the first time. Never rejects. */
  readonly attempted: Promise<void>;
  readonly #changed: () => void;
  readonly #lists: PolicyLists;
  readonly #secrets: PolicySecrets;
  readonly #resolver: PolicyResolver;
  readonly #reflectors: Readonly<Record<PolicyKind, Reflector<KnownPolicy>>>;
  #index: Index | undefined;

  constructor(client: ClusterClient, { installation, changed, ...options }: PolicyWatchOptions) {
    this.#changed = changed;
    this.#lists = new PolicyLists(client, options.timer, installation);
    this.#secrets = new PolicySecrets(client, options.timer, changed);
    this.#resolver = new PolicyResolver(this.#secrets);
    const reflect = (kind: PolicyKind): Reflector<KnownPolicy> => {
      const parse = (object: Parameters<typeof parsePolicy>[1]) => parsePolicy(kind, object, installation);
      return new Reflector(client, { resource: POLICY_RESOURCES[kind], path: policiesPath(kind), parse, changed: () => this.#refresh() }, options);
    };
    this.#reflectors = { ClusterTrustPolicy: reflect("ClusterTrustPolicy"), TrustPolicy: reflect("TrustPolicy") };
    this.attempted = Promise.all(this.#all().map(({ attempted }) => attempted)).then(() => undefined);
  }

  start(): void {
    for (const reflector of this.#all()) reflector.start();
    this.#secrets.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all(), this.#secrets].map((part) => part.stop()));
  }

  /** For `pratique_watch_age_seconds`, by resource; infinite before the first list. */
  ages(): ReadonlyMap<string, number> {
    return new Map(POLICY_KINDS.map((kind) => [POLICY_RESOURCES[kind], this.#reflectors[kind].ageSeconds()]));
  }

  async policiesFor(namespace: string, call: Call): Promise<readonly TrustPolicy[]> {
    return this.#resolver.resolve(this.#isYoung() ? this.#watched(namespace) : await this.#lists.list(namespace, call), call);
  }

  /** All that the watches last saw, as far as their Secrets have been asked for. */
  known(): readonly ResolvedPolicy[] {
    const known = this.#all().flatMap((reflector) => reflector.values());
    const asked = known.filter(({ decoded }) => this.#secrets.areAsked(secretRefsOf(decoded)));
    return asked.map((policy) => ({ known: policy, policy: this.#resolver.current(policy.decoded) }));
  }

  /** For `pratique_trust_policies`; both counts of each resource are there, zeros too. */
  counts(): readonly PolicyCount[] {
    const known = this.known();
    return POLICY_KINDS.flatMap((kind) => {
      const own = known.filter(({ policy }) => policy.id.kind === kind);
      const usable = own.filter(({ policy }) => policy.state.kind === "ready").length;
      const resource = POLICY_RESOURCES[kind];
      return [{ resource, ready: true, count: usable }, { resource, ready: false, count: own.length - usable }];
    });
  }

  #watched(namespace: string): readonly DecodedPolicy[] {
    this.#index ??= indexOf(this.#decoded("ClusterTrustPolicy"), this.#decoded("TrustPolicy"));
    return this.#index.byNamespace.get(namespace) ?? this.#index.cluster;
  }

  #isYoung(): boolean {
    return this.#all().every((reflector) => reflector.ageSeconds() <= MAX_AGE_SECONDS);
  }

  #refresh(): void {
    this.#index = undefined;
    // The cluster's first: theirs are read before those that a namespace's owner can multiply.
    this.#secrets.keep(POLICY_KINDS.flatMap((kind) => this.#decoded(kind)).flatMap(secretRefsOf));
    this.#changed();
  }

  #decoded(kind: PolicyKind): readonly DecodedPolicy[] {
    return this.#reflectors[kind].values().map(({ decoded }) => decoded);
  }

  #all(): readonly Reflector<KnownPolicy>[] {
    return POLICY_KINDS.map((kind) => this.#reflectors[kind]);
  }
}

function indexOf(cluster: readonly DecodedPolicy[], namespaced: readonly DecodedPolicy[]): Index {
  const groups = Map.groupBy(namespaced, ({ id }) => id.namespace ?? "");
  return { cluster, byNamespace: new Map([...groups].map(([namespace, own]) => [namespace, [...cluster, ...own]])) };
}
