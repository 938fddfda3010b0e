import type { Test } from "tap";
import { SYSTEM_TIMER } from "../../src/adapters/kubernetes/timer.ts";
import { systemResolve } from "../../src/adapters/registry/dispatcher.ts";
import { RegistryClient } from "../../src/adapters/registry/registry-client.ts";
import { ONCE } from "./persistence.ts";
import type { RegistryDouble } from "./registry-double.ts";

/** The real client, allowed to reach a double on loopback, closed with the test. */
export function registryClient(t: Test, registry: RegistryDouble): RegistryClient {
  const client = clientOf(registry);
  t.teardown(() => client.close());
  return client;
}

/** The same, for whoever closes it. */
export function clientOf(registry: RegistryDouble): RegistryClient {
  return new RegistryClient({
    settingsFor: (host) => ({ plainHTTP: true, allowPrivate: host === registry.host, ca: undefined, tokenRealms: [], maxInFlight: 64 }),
    privateAddresses: "allow",
    proxy: undefined,
    clock: SYSTEM_TIMER,
    persistence: ONCE,
    observer: { request: () => undefined, inFlight: () => undefined, leftAlone: () => undefined },
    resolve: systemResolve,
  });
}
