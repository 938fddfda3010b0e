import type { ClusterSource } from "../adapters/kubernetes/kubeconfig.ts";
import type { Io } from "./io.ts";

/** The cluster of `--kubeconfig`, else that of the Pod that this runs in, else the caller's own. */
export function clusterSource(file: string | undefined, { env }: Pick<Io, "env">): ClusterSource {
  if (file !== undefined) return { kind: "kubeconfig", file };
  return env["KUBERNETES_SERVICE_HOST"] ? { kind: "in-cluster" } : { kind: "default" };
}
