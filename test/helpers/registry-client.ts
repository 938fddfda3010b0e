import type { Test } from "tap";
import { systemResolve } from "../../src/adapters/registry/dispatcher.ts";
import { RegistryClient } from "../../src/adapters/registry/registry-client.ts";
import type { RegistryDouble } from "./registry-double.ts";

/** The real client, allowed to reach a double on loopback, closed with the test. */
export function registryClient(t: Test, registry: RegistryDouble): RegistryClient {
  const client = new RegistryClient({
    settingsFor: (host) => ({ plainHTTP: true, allowPrivate: host === registry.host, ca: undefined, tokenRealms: [], maxInFlight: 64 }),
    privateAddresses: "allow",
    proxy: undefined,
    clock: { now: Date.now },
    observer: { request: () => undefined, inFlight: () => undefined },
    resolve: systemResolve,
  });
  t.teardown(() => client.close());
  return client;
}
