import t from "tap";
import { signLegacy } from "../helpers/cosign.ts";
import type { RegistryDouble, RegistryOptions } from "../helpers/registry-double.ts";
import { redirectTo } from "../helpers/registry-faults.ts";
import type { World } from "./webhook.ts";
import { BAD, type HostileCase, type HostileWorld, key, unsigned } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";

t.setTimeout(180_000);

const ACCOUNTS = { robot: { password: "secret", repositories: ["**"] } };
const TOKENS: RegistryOptions = { auth: { kind: "bearer", accounts: ACCOUNTS } };

/** Names of registries. Whoever asks twice for the second one, to check it and to connect to it, is led astray: it has one connection. */
const ZONE: World["zone"] = {
  "inner.example.com": [["127.0.0.1"]],
  "turning.example.com": [["127.0.0.1"], ["127.0.0.9"]],
};

function signed(registry: RegistryDouble): string {
  signLegacy(registry, BAD, unsigned(registry), { key });
  return ":v1";
}

/** A signed image whose manifest is said to be elsewhere. */
function sentTo(name: string, location: (world: HostileWorld, registry: RegistryDouble) => string, reason: HostileCase["reason"], more: Partial<HostileCase> = {}): HostileCase {
  return {
    name,
    build: (registry, world) => {
      registry.fault(/shop\/bad\/manifests\/v1/, redirectTo(location(world, registry)));
      return signed(registry);
    },
    reason,
    ...more,
  };
}

function heardNoCredential(_registry: RegistryDouble, { thief }: HostileWorld): void {
  if (thief.heard.some((authorization) => authorization !== "none")) throw new Error("a credential has left its registry");
}

function heardNothing(registry: RegistryDouble): void {
  if (registry.requests.length > 0) throw new Error("a registry was asked at an address that may not be reached");
}

/** Redirects, token services and names that lead somewhere else. */
const DIRECTIONS: readonly HostileCase[] = [
  sentTo("a redirect to itself", () => "/v2/shop/bad/manifests/v1", "UnexpectedAnswer"),
  sentTo("a redirect from each place to the next", ({ thief }) => `${thief.url}/loop`, "UnexpectedAnswer"),
  sentTo("a redirect to nowhere", () => "http://", "UnexpectedAnswer"),
  sentTo("a redirect to another scheme", () => "file:///etc/passwd", "RegistryForbidden"),
  sentTo("a redirect to a metadata service", () => "http://169.254.169.254/latest/meta-data/", "RegistryForbidden"),
  sentTo("a redirect to a metadata service by its name", () => "http://metadata.google.internal/", "RegistryForbidden"),
  sentTo("a redirect to a metadata service as one number", () => "http://2852039166/latest/", "RegistryForbidden"),
  sentTo("a redirect to IPv4 inside IPv6", () => "http://[::ffff:169.254.169.254]/", "RegistryForbidden"),
  sentTo("a redirect to another service of this machine", () => "http://127.0.0.2:6443/api", "RegistryForbidden"),
  sentTo("a redirect to a name of this machine", () => "http://inner.example.com:6443/api", "RegistryForbidden"),
  sentTo("a redirect that is after the password", ({ thief }) => `${thief.url}/gone`, "ImageNotFound", {
    options: { auth: { kind: "basic", accounts: ACCOUNTS } },
    credentials: "installation",
    afterwards: heardNoCredential,
  }),
  sentTo("a redirect that is after the token", ({ thief }) => `${thief.url}/gone`, "ImageNotFound", { options: TOKENS, credentials: "installation", afterwards: heardNoCredential }),
  ...["https://tokens.example.net/token", "http://169.254.169.254/token", "file:///token", "%"].map(
    (realm): HostileCase => ({
      name: `a token service at ${realm}`,
      options: { auth: { kind: "bearer", accounts: ACCOUNTS, realm } },
      credentials: "installation",
      build: signed,
      reason: "Unauthorized",
      afterwards: heardNoCredential,
    }),
  ),
  { name: "a name that is one of this machine", alias: "inner.example.com", settings: { allowPrivate: false }, build: signed, reason: "RegistryForbidden", afterwards: heardNothing },
  { name: "an address that is checked is connected to, whatever the name says next", alias: "turning.example.com", settings: { maxInFlight: 1 }, build: signed, reason: null },
];

t.test("redirects, token services and names that lead elsewhere", (t) => judgeCases(t, DIRECTIONS, ZONE));
