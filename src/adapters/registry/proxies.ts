import { BlockList, isIP } from "node:net";
import { writtenClassOf } from "./address.ts";
import type { ProxySettings } from "./settings.ts";

/** The proxy that a request to a URL goes through; undefined for none. */
export type ProxyFor = (url: URL) => string | undefined;

/** Whether an entry of `NO_PROXY` means this host, without brackets and in lower case, at this port. */
type Exemption = (host: string, port: string) => boolean;

const NO_PROXY: ProxyFor = () => undefined;

/**
 * Chooses as Go's programs do (golang.org/x/net/http/httpproxy), so that we go the way that containerd goes: https by
 * the one proxy and http by the other, loopback by none, and none for what `NO_PROXY` lists. Its entries are
 * `example.com` (with all names below), `.example.com` or `*.example.com` (those alone), an address, a network
 * (`10.0.0.0/8`, of addresses as written: names are not resolved for it), each but the network with a port or without,
 * and `*` for everything.
 */
export function proxyChooser(settings: ProxySettings | undefined): ProxyFor {
  if (settings === undefined) return NO_PROXY;
  const exemptions = settings.none.split(/[,\s]+/).filter((entry) => entry !== "").map((entry) => exemptionOf(entry.toLowerCase()));
  return (url) => {
    const proxy = url.protocol === "https:" ? settings.https : settings.http;
    if (proxy === "" || writtenClassOf(url.hostname) === "loopback") return undefined;
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return exemptions.some((isExempt) => isExempt(host, port)) ? undefined : proxy;
  };
}

function exemptionOf(entry: string): Exemption {
  if (entry === "*") return () => true;
  const network = networkOf(entry);
  if (network !== undefined) return (host) => isIP(host) !== 0 && network.check(host, familyOf(host));
  const { name, port } = splitPort(entry);
  const isName = nameMatcher(name);
  return (host, at) => (port === undefined || port === at) && isName(host);
}

function networkOf(entry: string): BlockList | undefined {
  const [, address = "", prefix] = /^([0-9a-f.:]+)\/([0-9]{1,3})$/.exec(entry) ?? [];
  if (isIP(address) === 0 || Number(prefix) > (isIP(address) === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), familyOf(address));
  return network;
}

// An IPv6 address has colons of its own, and brackets where a port follows.
function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(entry) ?? [];
  return { name: bracketed ?? plain ?? entry, port };
}

function nameMatcher(name: string): (host: string) => boolean {
  const below = name.replace(/^\*?\./, ".");
  if (below.startsWith(".")) return (host) => host.endsWith(below);
  return (host) => host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
