// What metrics-server is for an autoscaler: how busy each Pod is, as the test says. Its API is served from definitions here.
import type { Cluster, Manifest } from "./cluster.ts";
import { repeatedly } from "./loop.ts";
import { until } from "./process.ts";

export interface MetricsServer {
  /** From now on each Pod of the namespace uses so much of a processor, in thousandths. */
  use(millicores: number): void;
  stop(): Promise<void>;
}

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> } }[] | null;
}

const GROUP = "metrics.k8s.io";
const VERSION = "v1beta1";
const CONTAINER = "pratique";

/** Starts it for the Pods of one namespace. */
export async function startMetricsServer(cluster: Cluster, namespace: string): Promise<MetricsServer> {
  await cluster.apply(definition(), "");
  await until("metrics are served", async () => ((await cluster.call("GET", `/apis/${GROUP}/${VERSION}/pods`)).status === 200 ? true : undefined));
  let usage = 0;
  const round = async (): Promise<void> => {
    const { body } = await cluster.call("GET", `/api/v1/namespaces/${namespace}/pods`);
    const pods = (body as PodList).items ?? [];
    await Promise.all(pods.map(({ metadata: { name, labels } }) => cluster.apply(podMetrics({ name, labels }, usage), namespace)));
  };
  const loop = repeatedly(round);
  return {
    use: (millicores) => {
      usage = millicores;
    },
    stop: () => loop.stop(),
  };
}

function podMetrics(metadata: Manifest["metadata"], millicores: number): Manifest {
  const measured = { timestamp: new Date().toISOString(), window: "1s", containers: [{ name: CONTAINER, usage: { cpu: `${millicores}m`, memory: "150Mi" } }] };
  return Object.assign({ apiVersion: `${GROUP}/${VERSION}`, kind: "PodMetrics", metadata }, measured);
}

function definition(): Manifest {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const spec = { group: GROUP, scope: "Namespaced", names: { plural: "pods", kind: "PodMetrics" }, versions: [{ name: VERSION, served: true, storage: true, schema }] };
  // The group is Kubernetes' own, and asks whether a definition was approved.
  const metadata = { name: `pods.${GROUP}`, annotations: { "api-approved.kubernetes.io": "unapproved, for tests" } };
  return Object.assign({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata }, { spec });
}
