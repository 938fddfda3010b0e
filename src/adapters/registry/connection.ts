import { getCACertificates } from "node:tls";
import type { Dispatcher } from "undici";
import type { AddressRule } from "./address.ts";
import { Breaker } from "./breaker.ts";
import type { Challenge } from "./challenge.ts";
import { createDispatcher } from "./dispatcher.ts";
import { ping } from "./ping.ts";
import { Reach } from "./reach.ts";
import { Retries } from "./retries.ts";
import type { RegistryEnvironment } from "./settings.ts";
import { Slots } from "./slots.ts";

/**
 * All that is kept of one registry: its connections, its limit on requests, whether it answers, and what it last asked
 * for with a 401.
 * Redirect targets and token services are reached through connections of their registry's own, under the rule for
 * addresses that holds for them.
 */
export class RegistryConnection {
  readonly reach: Reach;
  readonly slots: Slots;
  readonly breaker: Breaker;
  readonly retries: Retries;
  /** What the registry last wanted to know of who asks; it spares the next request that round. */
  challenge: Challenge | undefined;
  readonly #environment: RegistryEnvironment;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(host: string, environment: RegistryEnvironment) {
    this.reach = new Reach(host, environment);
    this.slots = new Slots(this.reach.settings.maxInFlight);
    this.#environment = environment;
    const { clock: timer, persistence } = environment;
    const { base } = this.reach;
    this.breaker = new Breaker({ host, timer, ping: () => ping({ host, base, dispatcher: () => this.dispatcher(base, base) }, environment) });
    this.retries = new Retries({ timer, persistence, isWorthwhile: () => this.breaker.isClosed });
  }

  /** As references and settings write it. */
  get host(): string {
    return this.reach.host;
  }

  /** What carries a request to `url`, to which `from` has sent us. Throws RefusedError (RegistryForbidden). */
  dispatcher(url: URL, from: URL): Dispatcher {
    const rule = this.reach.ruleFor(url, from);
    const isOwn = this.reach.isOwn(url);
    const key = `${rule} ${isOwn}`;
    const dispatcher = this.#dispatchers.get(key) ?? this.#create(rule, this.#authorities(isOwn ? "registry" : "elsewhere"));
    this.#dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.close()));
  }

  #create(rule: AddressRule, ca: readonly string[] | undefined): Dispatcher {
    const { proxy, resolve, persistence } = this.#environment;
    return createDispatcher({
      rule,
      ca,
      connections: this.reach.settings.maxInFlight,
      silenceMs: persistence.silenceMs,
      proxy,
      resolve,
      onResolved: (hostname, classes) => {
        if (hostname === this.reach.base.hostname) for (const name of classes) this.reach.notice(name);
      },
    });
  }

  // A private authority stands in for the system's at the registry; where that redirects to may have anybody's.
  #authorities(place: "registry" | "elsewhere"): readonly string[] | undefined {
    const { ca } = this.reach.settings;
    if (ca === undefined) return undefined;
    return place === "registry" ? [ca] : [...getCACertificates("default"), ca];
  }
}
