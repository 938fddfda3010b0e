import { getCACertificates } from "node:tls";
import type { Dispatcher } from "undici";
import type { AddressRule } from "./address.ts";
import { Breaker } from "./breaker.ts";
import type { Challenge } from "./challenge.ts";
import { createDispatcher, type TlsSettings } from "./dispatcher.ts";
import { ping } from "./ping.ts";
import { type ProxyFor, proxyChooser } from "./proxies.ts";
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
  readonly #proxyFor: ProxyFor;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(host: string, environment: RegistryEnvironment) {
    this.reach = new Reach(host, environment);
    this.slots = new Slots(this.reach.settings.maxInFlight);
    this.#environment = environment;
    this.#proxyFor = proxyChooser(environment.proxy);
    const { clock: timer, persistence, observer } = environment;
    const { base } = this.reach;
    this.breaker = new Breaker({
      host,
      timer,
      ping: () => ping({ host, base, dispatcher: () => this.dispatcher(base, base) }, environment),
      leftAlone: (change) => observer.leftAlone(host, change),
    });
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
    const proxy = this.#proxyFor(url);
    const key = `${rule} ${isOwn} ${proxy}`;
    const dispatcher = this.#dispatchers.get(key) ?? this.#create(rule, this.#tls(isOwn ? "registry" : "elsewhere"), proxy);
    this.#dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  async close(): Promise<void> {
    this.breaker.retire();
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.close()));
  }

  #create(rule: AddressRule, tls: TlsSettings, proxy: string | undefined): Dispatcher {
    const { resolve, persistence } = this.#environment;
    return createDispatcher({
      rule,
      tls,
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
  #tls(place: "registry" | "elsewhere"): TlsSettings {
    const { ca, client } = this.reach.settings;
    if (place === "registry") return { ca: ca === undefined ? undefined : [ca], client };
    return { ca: ca === undefined ? undefined : [...getCACertificates("default"), ca], client: undefined };
  }
}
