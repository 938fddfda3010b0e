import type { Test } from "tap";
import { SYSTEM_TIMER } from "../../src/adapters/kubernetes/timer.ts";
import type { Environment } from "../../src/app/environment.ts";
import { composeInspection } from "../../src/app/inspection.ts";
import { installationCredentials } from "../../src/app/installation.ts";
import { registryEnvironment } from "../../src/app/registries.ts";
import { parseConfig } from "../../src/config.ts";
import { parseReference } from "../../src/image/reference.ts";
import type { Inspection, Question } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { Timer } from "../../src/inspection/ports.ts";
import type { TrustPolicy } from "../../src/trust/trust-policy.ts";
import type { RegistryDouble } from "../helpers/registry-double.ts";

const OBSERVER = { request() {}, inFlight() {}, leftAlone() {}, lookup() {}, inspected() {} };

/** What the whole inspection is composed from besides its configuration. */
export interface World {
  readonly env?: Environment;
  readonly clock?: Timer;
  readonly policies?: readonly TrustPolicy[];
}

/** Asks about one image, at level `signed` and under the rule `both` unless the question says otherwise. */
export type Ask = (reference: string, question?: Partial<Omit<Question, "reference">>) => Promise<Inspection>;

/** Registries by their settings, as `pratique serve` composes them from its configuration file; closed with the test. */
export function inspectorOf(t: Test, yaml: string, { env = {}, clock = SYSTEM_TIMER, policies = [] }: World = {}): Ask {
  const config = parseConfig(yaml, "pratique.yaml");
  const environment = registryEnvironment({ config, env, clock, observer: OBSERVER });
  const inspection = composeInspection({
    config,
    environment,
    installation: installationCredentials({ config, env, environment, onFault: (fault) => t.fail(fault.message) }),
    policies: { policiesFor: async () => policies },
    sourceCredentials: { keyring: async () => EMPTY_KEYRING },
    observer: OBSERVER,
  });
  t.teardown(() => inspection.close());
  return (reference, question) =>
    inspection.inspector.inspect(
      { reference: parseReference(reference), level: "signed", rule: "both", namespace: "shop", keyring: EMPTY_KEYRING, ...question },
      { deadline: clock.now() + 8000, signal: new AbortController().signal },
    );
}

/** An entry of `registries` for a double, with more settings of its own. */
export function entry({ host }: Pick<RegistryDouble, "host">, settings: object = {}): object {
  return { host, plainHTTP: true, allowPrivate: true, ...settings };
}

/** A configuration with these registries; JSON is YAML. */
export function registries(...entries: readonly object[]): string {
  return JSON.stringify({ registries: entries });
}
