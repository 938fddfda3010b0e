// Questions that a procedure puts one after another, where a case has only one.
import { enforcement } from "./cases.ts";
import type { Cluster } from "./cluster.ts";
import type { Outcome } from "./process.ts";

/** Labels of ours, without the prefix. */
export type Labels = Readonly<Record<string, string>>;

/** Makes a namespace with its default service account. */
export async function makeNamespace(cluster: Cluster, name: string, labels: Labels): Promise<void> {
  await label(cluster, name, labels);
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }, name);
}

/** Gives a namespace these labels of ours and no other. */
export async function label(cluster: Cluster, name: string, labels: Labels): Promise<void> {
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: prefixed(labels) } }, "");
}

/** The same, and waits until the API server calls the webhook that refuses. */
export async function enforce(cluster: Cluster, name: string, labels: Labels): Promise<void> {
  await label(cluster, name, labels);
  await enforcement(name, cluster);
}

export interface PodOptions {
  readonly name?: string;
  readonly flags?: readonly string[];
}

/** `kubectl create` of a Pod with one container, `web`. Without a name, the API server gives it one. */
export function createPod(cluster: Cluster, namespace: string, image: string, options: PodOptions = {}): Promise<Outcome> {
  const metadata = options.name === undefined ? { generateName: "web-" } : { name: options.name };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "web", image }] } };
  return cluster.kubectl(["create", "-n", namespace, ...(options.flags ?? []), "-f", "-"], { input: JSON.stringify(pod) });
}

/** `kubectl create deployment`. */
export function createDeployment(cluster: Cluster, namespace: string, name: string, image: string): Promise<Outcome> {
  return cluster.kubectl(["create", "deployment", "-n", namespace, name, `--image=${image}`]);
}

function prefixed(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`pratique.dev/${name}`, value]));
}
