// A world in which the chart is installed by Helm and really runs: controllers, a node for the release's namespace, a way to
// its Service, and a registry with an image that is signed and one that is not.
import { join } from "node:path";
import { shippedFlags } from "../../test/helpers/shipped-flags.ts";
import { bundle } from "../../tools/build.ts";
import { createAuthor } from "./author.ts";
import { publish } from "./catalogue.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./chart.ts";
import { type Cluster, type Manifest, startCluster } from "./cluster.ts";
import { startControllers } from "./controllers.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { claimNetwork } from "./network.ts";
import { type Node, startNode } from "./node.ts";
import { registrySettings } from "./pratique.ts";
import { type Registry, startRegistry } from "./registries.ts";
import { type ServiceProxy, startServiceProxy } from "./service-proxy.ts";

export interface LivingWorld {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly service: ServiceProxy;
  /** Of the chart: where the registry is, and defaults for the rest. */
  readonly values: object;
  readonly signed: string;
  readonly unsigned: string;
  stop(): Promise<void>;
}

const IMAGES = ["unsigned", "cosign3-bundle"] as const;

/** Starts all of it. The release's namespace is there, and the release is not. */
export async function startLivingWorld(): Promise<LivingWorld> {
  const folder = await temporaryFolder();
  const registry = await startRegistry("plain");
  const [, world] = await Promise.all([publishImages(folder, registry), startCountry()]);
  const { cluster, node, service } = world;
  return {
    cluster,
    node,
    service,
    values: { config: { signed: { repositories: [`${registry.host}/**`] }, registries: [registrySettings(registry)] } },
    unsigned: `${registry.host}/${IMAGES[0]}:1`,
    signed: `${registry.host}/${IMAGES[1]}:1`,
    stop: async () => {
      await world.stop();
      await registry.stop();
      await folder.remove();
    },
  };
}

async function publishImages(folder: Folder, registry: Registry): Promise<void> {
  await publish(await createAuthor(folder, [registry]), folder, [registry], IMAGES);
}

async function startCountry(): Promise<Pick<LivingWorld, "cluster" | "node" | "service" | "stop">> {
  const network = await claimNetwork();
  const cluster = await startCluster({ serviceRange: network.serviceRange });
  const controllers = await startControllers(cluster);
  const program = join(cluster.folder.path, "main.mjs");
  await bundle(program);
  await cluster.apply(object("Namespace", RELEASE_NAMESPACE), "");
  const image = { command: process.execPath, args: [...(await shippedFlags()), program] };
  const node = await startNode(cluster, { namespace: RELEASE_NAMESPACE, image, network });
  const service = await startServiceProxy(cluster, network, { namespace: RELEASE_NAMESPACE, name: RELEASE });
  return {
    cluster,
    node,
    service,
    stop: async () => {
      await Promise.all([node.stop(), service.stop()]);
      await controllers.kill();
      await cluster.stop();
      await network.release();
    },
  };
}

function object(kind: string, name: string, fields: object = {}): Manifest {
  return { apiVersion: "v1", kind, metadata: { name }, ...fields };
}
