import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { type ClusterSource, loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { removeWebhookConfiguration } from "../adapters/kubernetes/webhook-configurations.ts";

/** What `pratique remove-webhooks` works with. */
export interface Removal {
  /** Deletes a ValidatingWebhookConfiguration by its name. Throws ClusterError. */
  remove(name: string): Promise<"removed" | "absent">;
  close(): Promise<void>;
}

const ATTEMPTS = 5;
/** For one of them, with every attempt. */
const LIMIT = 20_000;

/** Throws ClusterError (Misconfigured) when it is not said which cluster. */
export async function composeRemoval(cluster: ClusterSource): Promise<Removal> {
  await loadKubeConfig(cluster);
  const client = new ClusterClient(cluster, SYSTEM_TIMER, { attempts: ATTEMPTS, jitter: Math.random });
  return {
    remove: (name) => removeWebhookConfiguration(client, name, { deadline: SYSTEM_TIMER.now() + LIMIT, signal: new AbortController().signal }),
    close: () => client.close(),
  };
}
