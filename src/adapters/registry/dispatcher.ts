import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from "undici";
import { CodedError } from "../../errors.ts";
import { type AddressClass, addressClassOf, type AddressRule, permits } from "./address.ts";
import type { ClientCertificate, Resolve } from "./settings.ts";

/** Thrown in the middle of connecting: a name has no address that the rule permits. */
export class ForbiddenAddressError extends CodedError<"ForbiddenAddress"> {
  readonly address: string;
  readonly addressClass: AddressClass;

  constructor(address: string, addressClass: AddressClass) {
    super("ForbiddenAddress", `${address} is ${addressClass}`);
    this.address = address;
    this.addressClass = addressClass;
  }
}

export interface TlsSettings {
  /** PEM of the trusted authorities; undefined for the system's. */
  readonly ca: readonly string[] | undefined;
  readonly client: ClientCertificate | undefined;
}

export interface DispatcherOptions {
  readonly rule: AddressRule;
  readonly tls: TlsSettings;
  readonly connections: number;
  /** URL of an HTTP(S) or SOCKS5 proxy; undefined to connect directly. */
  readonly proxy: string | undefined;
  readonly resolve: Resolve;
  /** Hears which addresses a name had, as far as they are permitted. */
  readonly onResolved: (hostname: string, classes: readonly AddressClass[]) => void;
}

/**
 * Connections that reach nothing but what the rule permits, where we resolve the name: behind a proxy that is the proxy's. A name is resolved once, checked, and the very addresses
 * that were checked are connected to, so a name that changes its address in between gains nothing. Addresses as
 * written never come by here: they are for the caller to check.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { proxy, connections } = options;
  const tls = connectTls(options.tls);
  const limits = {
    allowH2: false,
    connections,
    // Every request has a deadline, which bounds headers and body alike.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (proxy === undefined) return new Agent({ ...limits, connect: { ...tls, lookup: guardedLookup(options) } });
  if (proxy.startsWith("socks5:")) return new Socks5ProxyAgent(proxy, { ...limits, requestTls: tls });
  return new ProxyAgent({ ...limits, uri: proxy, requestTls: tls });
}

function connectTls({ ca, client }: TlsSettings) {
  return { ...(ca === undefined ? {} : { ca: [...ca] }), ...client };
}

/** The operating system's own way to resolve names, search domains and hosts file included. */
export const systemResolve: Resolve = (hostname, callback) => lookup(hostname, { all: true }, callback);

/** A `lookup` for `net.connect` that gives out permitted addresses alone. */
export function guardedLookup({ rule, resolve, onResolved }: Pick<DispatcherOptions, "rule" | "resolve" | "onResolved">): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      const permitted = addresses?.filter(({ address }) => permits(rule, addressClassOf(address))) ?? [];
      const [first] = permitted;
      if (error !== null || first === undefined) return callback(error ?? refusalOf(addresses), "");
      onResolved(hostname, permitted.map(({ address }) => addressClassOf(address)));
      if (options.all === true) return callback(null, permitted);
      callback(null, first.address, first.family);
    });
  };
}

function refusalOf([first]: readonly LookupAddress[]): Error {
  if (first === undefined) return Object.assign(new Error("the name has no address"), { code: "ENOTFOUND" });
  return new ForbiddenAddressError(first.address, addressClassOf(first.address));
}
