import { RefusedError } from "../../verdict/failure.ts";
import { type AddressClass, type AddressRule, permits, writtenClassOf } from "./address.ts";
import { isListedRealm } from "./realm.ts";
import type { RegistryEnvironment, RegistrySettings } from "./settings.ts";

const HUB_HOST = "registry-1.docker.io";

type Environment = Pick<RegistryEnvironment, "settingsFor" | "privateAddresses">;

/** Where one registry is, and which addresses its requests, redirects and token requests may reach. */
export class Reach {
  /** As references and settings write it. */
  readonly host: string;
  readonly settings: RegistrySettings;
  readonly base: URL;
  readonly #environment: Environment;
  /** The classes of all addresses that the registry's name has had. */
  readonly #classes = new Set<AddressClass>();

  /** Throws RefusedError (RegistryForbidden) for a host that no URL can have. */
  constructor(host: string, environment: Environment) {
    this.host = host;
    this.settings = environment.settingsFor(host);
    this.base = baseUrlOf(host, this.settings);
    this.#environment = environment;
    const written = writtenClassOf(this.base.hostname);
    if (written !== undefined) this.#classes.add(written);
  }

  /**
   * The rule for the addresses of `url`, to which `from` has sent us (the registry itself, for its own requests). Throws
   * RefusedError (RegistryForbidden) when the host as written breaks it; a name is for whoever connects to check.
   */
  ruleFor(url: URL, from: URL): AddressRule {
    const rule = this.#ruleFor(url, from);
    const written = writtenClassOf(url.hostname);
    if (written !== undefined && !permits(rule, written)) throw this.forbidden(url, url.hostname, written);
    return rule;
  }

  /** Takes note of an address that the registry's name has. */
  notice(addressClass: AddressClass): void {
    this.#classes.add(addressClass);
  }

  isOwn(url: URL): boolean {
    return url.origin === this.base.origin;
  }

  /** The refusal of an address that image references may not reach, with the configuration that would allow it. */
  forbidden(url: URL, address: string, addressClass: AddressClass): RefusedError {
    const host = this.isOwn(url) ? this.host : shownHost(url);
    const remedy = `registries: [{ host: "${host}", allowPrivate: true }]`;
    return new RefusedError(
      "RegistryForbidden",
      `${host} is at the ${addressClass} address ${address}, which image references may not reach; if that is meant, configure \`${remedy}\``,
    );
  }

  #ruleFor(url: URL, from: URL): AddressRule {
    if (this.#isLifted(url)) return "any";
    if (!this.isOwn(url) && this.#isPublic(from)) return "public";
    return this.#environment.privateAddresses === "configured" ? "public" : "private";
  }

  // A host may have any address when its own settings say so, or those of the registry which it belongs to by its name
  // or by the configuration.
  #isLifted(url: URL): boolean {
    if (this.isOwn(url)) return this.settings.allowPrivate;
    if (this.#environment.settingsFor(url.host).allowPrivate) return true;
    return this.settings.allowPrivate && (url.hostname === this.base.hostname || isListedRealm(url, this));
  }

  // Behind a proxy nobody tells us the address. That, and every host but the registry itself, counts as public.
  #isPublic(from: URL): boolean {
    return !this.isOwn(from) || this.#classes.size === 0 || this.#classes.has("public");
  }
}

/**
 * A URL's host for a message. It may come from a registry's header, so it is shown only when it can be nothing but a
 * host name or an address.
 */
export function shownHost({ host }: URL): string {
  return host.length <= 253 && /^[a-z0-9.:[\]-]+$/.test(host) ? host : "HOST";
}

function baseUrlOf(host: string, { plainHTTP }: RegistrySettings): URL {
  const base = URL.parse(`${plainHTTP ? "http" : "https"}://${host === "docker.io" ? HUB_HOST : host}/`);
  if (base === null) throw new RefusedError("RegistryForbidden", `${host} is no host and port that can be connected to`);
  return base;
}
