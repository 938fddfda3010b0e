// The volumes of a Pod as its kubelet keeps them: the files of ConfigMaps and Secrets, all of them changed at one moment when
// their object has changed.
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import type { Pod, PodVolume } from "./pod.ts";

export interface Volumes {
  /** The folder that stands for each path in the container. */
  readonly folders: ReadonlyMap<string, string>;
  /** Looks at the objects again. */
  refresh(): Promise<void>;
}

/** Lays them out below `folder`; undefined while an object is not there, for which a kubelet waits. */
export async function layOutVolumes(cluster: Cluster, { metadata, spec }: Pod, folder: string): Promise<Volumes | undefined> {
  const mounts = spec.containers[0].volumeMounts ?? [];
  const volumes = (spec.volumes ?? []).filter(({ configMap, secret }) => configMap !== undefined || secret !== undefined);
  const mounted = volumes.map((volume) => new MountedVolume(cluster, metadata.namespace, volume, join(folder, volume.name)));
  const areThere = await Promise.all(mounted.map((volume) => volume.refresh()));
  if (areThere.includes(false)) return undefined;
  return {
    folders: new Map(mounts.flatMap(({ name, mountPath }) => mounted.filter((volume) => volume.name === name).map(({ folder }) => [mountPath, folder] as const))),
    refresh: async () => void (await Promise.all(mounted.map((volume) => volume.refresh()))),
  };
}

class MountedVolume {
  readonly name: string;
  readonly folder: string;
  readonly #cluster: Cluster;
  readonly #path: string;
  readonly #encoding: "utf8" | "base64";
  #version = "";

  constructor(cluster: Cluster, namespace: string, { name, configMap, secret }: PodVolume, folder: string) {
    this.name = name;
    this.folder = folder;
    this.#cluster = cluster;
    this.#path = `/api/v1/namespaces/${namespace}/${configMap ? `configmaps/${configMap.name}` : `secrets/${secret?.secretName}`}`;
    this.#encoding = configMap ? "utf8" : "base64";
  }

  /** Whether the object is there. */
  async refresh(): Promise<boolean> {
    const { status, body } = await this.#cluster.call("GET", this.#path);
    if (status !== 200) return false;
    const { metadata, data = {} } = body as { readonly metadata: { readonly resourceVersion: string }; readonly data?: Readonly<Record<string, string>> };
    if (metadata.resourceVersion !== this.#version) await this.#write(metadata.resourceVersion, data);
    return true;
  }

  // Each file is a link into `..data`, which is a link to the folder of one version.
  async #write(version: string, data: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(join(this.folder, `..${version}`), { recursive: true });
    for (const [file, text] of Object.entries(data)) {
      await writeFile(join(this.folder, `..${version}`, file), Buffer.from(text, this.#encoding), { mode: 0o600 });
      await symlink(join("..data", file), join(this.folder, file)).catch(() => undefined);
    }
    await symlink(`..${version}`, join(this.folder, "..next"));
    await rename(join(this.folder, "..next"), join(this.folder, "..data"));
    if (this.#version !== "") await rm(join(this.folder, `..${this.#version}`), { recursive: true });
    this.#version = version;
  }
}
