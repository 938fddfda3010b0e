import type { LookupAddress } from "node:dns";
import type { Timer } from "../../inspection/ports.ts";

/** PEM: a certificate with its chain, and its private key. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What the configuration says of one registry. */
export interface RegistrySettings {
  /** Speak HTTP without TLS. */
  readonly plainHTTP: boolean;
  /** Lifts every limit on the addresses that this host may have. */
  readonly allowPrivate: boolean;
  /** PEM, in place of the system's certificate authorities for this host; undefined for those. */
  readonly ca: string | undefined;
  /** What we show to the registry itself when it asks for a certificate, and to nobody else; nothing when absent. */
  readonly client?: ClientCertificate | undefined;
  /** Hosts (with a port other than 443) of token services that may have this registry's credentials. */
  readonly tokenRealms: readonly string[];
  /** Requests under way at one time; more wait. */
  readonly maxInFlight: number;
}

/** The URLs of the proxies for `http` and `https`, and what goes to none, as in `NO_PROXY`; an empty text is none. */
export interface ProxySettings {
  readonly http: string;
  readonly https: string;
  readonly none: string;
}

/** Calls back with every address that a host name has, or with the error of `dns.lookup`. */
export type Resolve = (hostname: string, callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void) => void;

/** `ping`: whether the registry answers at all, asked once it has failed several times. */
export type RequestKind = "manifest" | "blob" | "referrers" | "token" | "ping";

/** What is borne with before a registry counts as unavailable. */
export interface Persistence {
  /** How often one request is sent at most, the first time included. */
  readonly attempts: number;
  /** Milliseconds without a connection or without a byte, after which nothing more is waited for. */
  readonly silenceMs: number;
  /** From 0 to 1, by chance: those who failed together do not come back together. */
  readonly jitter: () => number;
}


/** What happens on the wire, for metrics. `host` is the registry's, also for a request to its token service. */
export interface RegistryObserver {
  /** One request with its redirects and its body. `error` when no whole answer came. */
  request(kind: RequestKind, host: string, status: number | "error", seconds: number): void;
  inFlight(host: string, change: 1 | -1): void;
  /** One registry more, or one less, to which nothing is sent, since it does not answer. */
  leftAlone(host: string, change: 1 | -1): void;
}

/** All that the registry client takes from outside. */
export interface RegistryEnvironment {
  settingsFor(host: string): RegistrySettings;
  /** Which registries may have private addresses: any, or those with `allowPrivate` alone. */
  readonly privateAddresses: "allow" | "configured";
  /** Undefined to connect directly. Behind a proxy, names are resolved by it: only written addresses can be checked. */
  readonly proxy: ProxySettings | undefined;
  readonly clock: Timer;
  readonly persistence: Persistence;
  readonly observer: RegistryObserver;
  readonly resolve: Resolve;
}
