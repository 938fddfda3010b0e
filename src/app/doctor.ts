import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { ApiReader } from "../adapters/kubernetes/cluster-reader.ts";
import { type ClusterSource, loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import type { DoctorPorts } from "../doctor/ports.ts";

/** What `pratique doctor` works with. */
export interface DoctorParts {
  readonly ports: DoctorPorts;
  close(): Promise<void>;
}

/** Composes a look at the cluster of a kubeconfig, or of the Pod that this runs in. Throws ClusterError (Misconfigured). */
export async function composeDoctor(cluster: ClusterSource): Promise<DoctorParts> {
  await loadKubeConfig(cluster);
  const client = new ClusterClient(cluster, SYSTEM_TIMER);
  return { ports: { reader: new ApiReader(client), timer: SYSTEM_TIMER }, close: () => client.close() };
}
