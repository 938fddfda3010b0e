// Everything that a case needs, started together and stopped together.
import type { Digest } from "../../src/image/digest.ts";
import { type Author, createAuthor } from "./author.ts";
import { publish } from "./catalogue.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { type Pratique, type Settings, startPratique } from "./pratique.ts";
import { type Registry, type RegistryName, startRegistry } from "./registries.ts";

export interface World {
  readonly cluster: Cluster;
  readonly pratique: Pratique;
  readonly author: Author;
  readonly folder: Folder;
  registry(name: RegistryName): Registry;
  /** By `name`, and by `name/linux/arm64` for the platforms of an index. */
  digest(name: string): Digest;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly registries: readonly RegistryName[];
  /** Images of the catalogue; all of them when absent. */
  readonly images?: readonly string[];
  /** The configuration, which may name the registries' hosts. */
  readonly settings?: (registries: readonly Registry[]) => Settings;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = await temporaryFolder();
  const registries = await Promise.all(options.registries.map(startRegistry));
  const author = await createAuthor(folder, registries);
  const [digests, [cluster, pratique]] = await Promise.all([
    publish(author, folder, registries, options.images),
    install(registries, options.settings?.(registries)),
  ]);
  return {
    cluster,
    pratique,
    author,
    folder,
    registry: (name) => known(registries.find((registry) => registry.name === name), `registry ${name}`),
    digest: (name) => known(digests.get(name), `image ${name}`),
    stop: async () => {
      await pratique.kill();
      await Promise.all([cluster.stop(), ...registries.map((registry) => registry.stop())]);
      await folder.remove();
    },
  };
}

async function install(registries: readonly Registry[], settings: Settings | undefined): Promise<readonly [Cluster, Pratique]> {
  const cluster = await startCluster();
  return [cluster, await startPratique(cluster, registries, settings)];
}

function known<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`there is no ${what} in this world`);
  return value;
}
