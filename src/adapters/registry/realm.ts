import { isIP } from "node:net";
import type { RegistrySettings } from "./settings.ts";

/** As far as the rule for token services needs to know a registry. */
export interface RealmOwner {
  /** As settings and references write it. */
  readonly host: string;
  /** Where it is reached. */
  readonly base: URL;
  readonly settings: Pick<RegistrySettings, "tokenRealms">;
}

/** Token services on another site that are known to belong to a registry. */
const BUILT_IN: ReadonlyMap<string, readonly string[]> = new Map([["docker.io", ["auth.docker.io"]]]);

/**
 * Whether a token service may have a registry's credentials. The registry itself names the service in its challenge,
 * and whoever can write that header must not be able to send passwords elsewhere. Trusted are:
 * - the registry's own host name, at any port, and names below it;
 * - the domain directly above the registry's name, and all names below that (`gitlab.example.com` for
 *   `registry.example.com`), unless that domain has a single label or looks like a suffix under which anybody can
 *   register (two labels, the last of two letters and the first of at most three: `co.uk`, `com.au`);
 * - what the registry's `tokenRealms` list, and Docker Hub's own service.
 * IP addresses have no domain: theirs must be equal. Whether the service is reached by TLS is not asked here.
 */
export function mayHaveCredentials(realm: URL, registry: RealmOwner): boolean {
  if (isListedRealm(realm, registry)) return true;
  const { hostname } = registry.base;
  if (realm.hostname === hostname) return true;
  if (isAddress(hostname) || isAddress(realm.hostname)) return false;
  const domain = hostname.slice(hostname.indexOf(".") + 1);
  const isWithin = (name: string): boolean => realm.hostname === name || realm.hostname.endsWith(`.${name}`);
  return (hostname.includes(".") && isWithin(hostname)) || (isOwnDomain(domain, hostname) && isWithin(domain));
}

/** Whether the configuration, or our own knowledge of Docker Hub, names this token service for the registry. */
export function isListedRealm(realm: URL, { host, settings }: Pick<RealmOwner, "host" | "settings">): boolean {
  const listed = [...settings.tokenRealms, ...(BUILT_IN.get(host) ?? [])];
  return listed.some((entry) => URL.canParse(`${realm.protocol}//${entry}`) && new URL(`${realm.protocol}//${entry}`).host === realm.host);
}

function isOwnDomain(domain: string, hostname: string): boolean {
  const labels = domain.split(".");
  const [first = "", last = ""] = labels;
  const isSharedSuffix = labels.length === 2 && last.length === 2 && first.length <= 3;
  return domain !== hostname && labels.length >= 2 && !isSharedSuffix;
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || isIP(hostname) !== 0;
}
