import { join } from "node:path";
import type { Test } from "tap";
import { ClusterClient } from "../../src/adapters/kubernetes/cluster-client.ts";
import type { Call } from "../../src/inspection/ports.ts";
import { ApiServerDouble } from "./api-server-double.ts";
import { temporaryFolder } from "./folder.ts";
import { handTimer, type HandTimer } from "./hand-timer.ts";

/** A client of a double of the API server, by a timer that stands still. */
export interface ApiClient {
  readonly api: ApiServerDouble;
  readonly timer: HandTimer;
  readonly client: ClusterClient;
  /** So many milliseconds from now; a minute, if nothing is said. */
  readonly call: (milliseconds?: number) => Call;
}

/** Both are closed at the end, after whatever the test itself tears down later than this was called. */
export async function apiClient(t: Test): Promise<ApiClient> {
  const api = await ApiServerDouble.start();
  const timer = handTimer();
  const file = join(await temporaryFolder(t, { kubeconfig: api.kubeconfig() }), "kubeconfig");
  const client = new ClusterClient({ kind: "kubeconfig", file }, timer);
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  return { api, timer, client, call: (milliseconds = 60_000) => ({ deadline: timer.now() + milliseconds, signal: new AbortController().signal }) };
}
