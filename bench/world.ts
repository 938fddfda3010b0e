import { Admission } from "../src/admission/admit.ts";
import { ConfiguredNamespaces, NO_ANNOUNCER, NO_PODS, NO_POLICY_SECRETS, NO_PULL_SECRETS, NO_SOURCE_CREDENTIALS } from "../src/adapters/kubernetes/configured-namespaces.ts";
import { ConfiguredPolicies } from "../src/adapters/kubernetes/configured-policies.ts";
import { SYSTEM_TIMER } from "../src/adapters/kubernetes/timer.ts";
import { admissionSettings } from "../src/app/admission.ts";
import { composeInspection } from "../src/app/inspection.ts";
import { registryEnvironment } from "../src/app/registries.ts";
import { parseConfig } from "../src/config.ts";
import { EMPTY_KEYRING } from "../src/inspection/keyring.ts";
import type { JsonObject } from "../src/json.ts";
import type { Level } from "../src/verdict/level.ts";
import { type RegistryDouble, startRegistry } from "../test/helpers/registry-double.ts";
import { minimalReview } from "../test/helpers/reviews.ts";

const SILENT = { request() {}, inFlight() {}, leftAlone() {}, lookup() {}, inspected() {} };
const RECORDER = {
  admission() {},
  violation() {},
  image() {},
  outage() {},
  stale() {},
  defect(_uid: string, cause: unknown) {
    throw cause;
  },
};

/** The webhook's admission without its listener, over a real registry on loopback. */
export interface World {
  readonly registry: RegistryDouble;
  /** An admission with caches of its own that asks for this level, by these policies. */
  readonly webhook: (level: Level, policies?: readonly JsonObject[]) => Webhook;
  close(): Promise<void>;
}

export interface Webhook {
  /** Admits a Pod with this image; throws when it is refused, since then nothing would be measured. */
  admit(image: string): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const registry = await startRegistry();
  const open: { close(): Promise<void> }[] = [];
  return {
    registry,
    webhook: (level, policies = []) => {
      const config = parseConfig(`namespaces: {shop: {pratique.dev/enforce: ${level}}}\nregistries: [{host: "${registry.host}", plainHTTP: true, allowPrivate: true}]`, "bench");
      const environment = registryEnvironment({ config, env: {}, clock: SYSTEM_TIMER, observer: SILENT });
      const parts = { policies: new ConfiguredPolicies(policies, "pratique-system"), sourceCredentials: NO_SOURCE_CREDENTIALS, observer: SILENT };
      const inspection = composeInspection({ config, environment, installation: EMPTY_KEYRING, ...parts });
      open.push(inspection);
      const namespaces = new ConfiguredNamespaces(config.namespaces ?? new Map());
      const ports = { namespaces, pullSecrets: NO_PULL_SECRETS, inspector: inspection.inspector, pods: NO_PODS, policySecrets: NO_POLICY_SECRETS, recorder: RECORDER, announcer: NO_ANNOUNCER, timer: SYSTEM_TIMER };
      return new MeasuredWebhook(new Admission(ports, admissionSettings(config)));
    },
    close: async () => {
      await Promise.all(open.map((each) => each.close()));
      await registry.close();
    },
  };
}

class MeasuredWebhook implements Webhook {
  readonly #admission: Admission;
  readonly #bodies = new Map<string, Buffer>();

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  async admit(image: string): Promise<void> {
    const body = this.#bodies.get(image) ?? Buffer.from(JSON.stringify(minimalReview(image)));
    this.#bodies.set(image, body);
    const answer = await this.#admission.admit({
      entry: "enforce",
      body,
      contentType: "application/json",
      receivedAt: SYSTEM_TIMER.now(),
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    const text = JSON.stringify(answer.body);
    if (!text.includes('"allowed":true')) throw new Error(`refused: ${text}`);
  }
}
