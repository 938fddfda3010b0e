// A container as a process of this machine: the command line of its Pod, with files in place of its volumes, an address of
// its own in place of all, and the token of its ServiceAccount.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import type { Pod, PodVolume } from "./pod.ts";
import { type Running, start } from "./process.ts";

/** The image: what its entry point runs. */
export interface Image {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where the program expects the certificate when nobody tells it otherwise. */
const CERTIFICATE_FOLDER = "/etc/pratique/tls";

/** Starts the Pod's container; it listens on `host` alone. */
export async function startContainer(cluster: Cluster, pod: Pod, image: Image, host: string): Promise<Running> {
  const [container] = pod.spec.containers;
  const folder = join("pods", pod.metadata.uid);
  await mkdir(join(cluster.folder.path, folder), { recursive: true });
  const mounts = await Promise.all(filesOf(pod).map(async ({ volume, mountPath }) => [mountPath, await mount(cluster, pod, volume)] as const));
  const args = container.args.map((word) => mounts.reduce((text, [from, to]) => text.replace(from, to), word));
  const kubeconfig = await cluster.kubeconfig(join(folder, "account"), await token(cluster, pod));
  const env = { ...Object.fromEntries((container.env ?? []).map(({ name, value = "" }) => [name, value])), KUBECONFIG: kubeconfig, HOME: join(cluster.folder.path, folder) };
  return start(image.command, [...image.args, ...args, ...ports(pod, host), ...certificate(new Map(mounts))], { env });
}

function ports({ spec }: Pod, host: string): readonly string[] {
  const flags = new Map([["https", "listen"], ["metrics", "metrics-listen"]]);
  return (spec.containers[0].ports ?? []).map(({ name, containerPort }) => `--${flags.get(name)}=${host}:${containerPort}`);
}

function certificate(mounts: ReadonlyMap<string, string>): readonly string[] {
  const folder = mounts.get(CERTIFICATE_FOLDER);
  return folder === undefined ? [] : [`--tls-cert-file=${folder}/tls.crt`, `--tls-key-file=${folder}/tls.key`];
}

interface Mount {
  readonly volume: PodVolume;
  readonly mountPath: string;
}

/** What is mounted of ConfigMaps and Secrets. The account's token comes by a kubeconfig. */
function filesOf({ spec }: Pod): readonly Mount[] {
  const volumes = (spec.volumes ?? []).filter(({ configMap, secret }) => configMap !== undefined || secret !== undefined);
  return (spec.containers[0].volumeMounts ?? []).flatMap(({ name, mountPath }) => volumes.filter((volume) => volume.name === name).map((volume) => ({ volume, mountPath })));
}

/** The folder with a volume's files. */
async function mount(cluster: Cluster, { metadata }: Pod, volume: PodVolume): Promise<string> {
  const source = volume.configMap ? `configmaps/${volume.configMap.name}` : `secrets/${volume.secret?.secretName}`;
  const { status, body } = await cluster.call("GET", `/api/v1/namespaces/${metadata.namespace}/${source}`);
  if (status !== 200) throw new Error(`there is no ${source} for Pod ${metadata.name}`);
  const folder = join("pods", metadata.uid, volume.name);
  await mkdir(join(cluster.folder.path, folder), { recursive: true });
  const encoding = volume.configMap ? "utf8" : "base64";
  for (const [file, text] of Object.entries((body as { readonly data: Readonly<Record<string, string>> }).data)) {
    await cluster.folder.write(join(folder, file), Buffer.from(text, encoding).toString("utf8"));
  }
  return join(cluster.folder.path, folder);
}

async function token(cluster: Cluster, { metadata, spec }: Pod): Promise<string> {
  const path = `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName}/token`;
  const { status, body } = await cluster.call("POST", path, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } });
  if (status !== 201) throw new Error(`no token for ${spec.serviceAccountName}: ${JSON.stringify(body)}`);
  return (body as { readonly status: { readonly token: string } }).status.token;
}
