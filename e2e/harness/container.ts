// A container as a process of this machine: the command line of its Pod, with files in place of its volumes, an address of
// its own in place of all, and the token of its ServiceAccount.
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";
import { type Running, start } from "./process.ts";

/** The image: what its entry point runs. */
export interface Image {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where the program expects the certificate when nobody tells it otherwise. */
const CERTIFICATE_FOLDER = "/etc/pratique/tls";

export interface Place {
  readonly image: Image;
  /** The folder that stands for each path in the container. */
  readonly folders: ReadonlyMap<string, string>;
  /** What it listens on, and on nothing else. */
  readonly host: string;
}

/** Starts the Pod's container. */
export async function startContainer(cluster: Cluster, pod: Pod, { image, folders, host }: Place): Promise<Running> {
  const [container] = pod.spec.containers;
  const args = container.args.map((word) => [...folders].reduce((text, [from, to]) => text.replace(from, to), word));
  const kubeconfig = await cluster.kubeconfig(join(podFolder(pod), "account"), await token(cluster, pod));
  const env = { ...Object.fromEntries((container.env ?? []).map(({ name, value = "" }) => [name, value])), KUBECONFIG: kubeconfig, HOME: join(cluster.folder.path, podFolder(pod)) };
  return start(image.command, [...image.args, ...args, ...ports(pod, host), ...certificate(folders)], { env });
}

/** Where what belongs to a Pod lies, within the folder of its cluster. */
export function podFolder({ metadata }: Pod): string {
  return join("pods", metadata.uid);
}

function ports({ spec }: Pod, host: string): readonly string[] {
  const flags = new Map([["https", "listen"], ["metrics", "metrics-listen"]]);
  return (spec.containers[0].ports ?? []).map(({ name, containerPort }) => `--${flags.get(name)}=${host}:${containerPort}`);
}

function certificate(folders: ReadonlyMap<string, string>): readonly string[] {
  const folder = folders.get(CERTIFICATE_FOLDER);
  return folder === undefined ? [] : [`--tls-cert-file=${folder}/tls.crt`, `--tls-key-file=${folder}/tls.key`];
}

async function token(cluster: Cluster, { metadata, spec }: Pod): Promise<string> {
  const path = `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName}/token`;
  const { status, body } = await cluster.call("POST", path, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } });
  if (status !== 201) throw new Error(`no token for ${spec.serviceAccountName}: ${JSON.stringify(body)}`);
  return (body as { readonly status: { readonly token: string } }).status.token;
}
