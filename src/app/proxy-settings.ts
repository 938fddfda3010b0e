import type { ProxySettings } from "../adapters/registry/settings.ts";
import type { Environment } from "./environment.ts";
import { StartError } from "./start-error.ts";

/**
 * The proxies that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, for both `ALL_PROXY`, and `NO_PROXY`. Undefined for
 * none. Throws StartError for one that cannot be used; it quotes nothing, since a proxy's URL may hold a password.
 */
export function proxySettings(env: Environment): ProxySettings | undefined {
  const proxy = { http: proxyUrl(env, "http_proxy"), https: proxyUrl(env, "https_proxy"), none: read(env, "no_proxy").value };
  return proxy.http === "" && proxy.https === "" ? undefined : proxy;
}

function proxyUrl(env: Environment, variable: "http_proxy" | "https_proxy"): string {
  const own = read(env, variable);
  const { name, value } = own.value === "" ? read(env, "all_proxy") : own;
  if (value === "") return "";
  // As in curl and Go, a proxy without a scheme speaks HTTP.
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  const protocol = url && PROTOCOLS.get(url.protocol);
  if (!url || !protocol || url.hostname === "") {
    throw new StartError("Unreadable", `${name} names no proxy that can be used: it is a URL with http, https, socks5 or socks5h, such as http://proxy.example.com:3128`);
  }
  // A URL does not let its scheme be changed from one of these kinds to another.
  return url.href.replace(url.protocol, protocol);
}

// As in Go, a SOCKS proxy resolves the names, whichever of the two is written.
const PROTOCOLS: ReadonlyMap<string, string> = new Map([["http:", "http:"], ["https:", "https:"], ["socks5:", "socks5:"], ["socks5h:", "socks5:"]]);

// Lower case wins, as in curl; HTTP_PROXY in capitals is no danger where no CGI runs.
function read(env: Environment, variable: string): { readonly name: string; readonly value: string } {
  const upper = variable.toUpperCase();
  return env[variable] ? { name: variable, value: env[variable] } : { name: upper, value: env[upper] ?? "" };
}
