// The chart as a release of one Helm, in a cluster where its Pods run.
import { join } from "node:path";
import { stringify } from "yaml";
import { shippedFlags } from "../../test/helpers/shipped-flags.ts";
import { bundle } from "../../tools/build.ts";
import { program } from "../programs.ts";
import { CHART, type Helm, RELEASE, RELEASE_NAMESPACE } from "./chart.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { startControllers } from "./controllers.ts";
import { claimNetwork } from "./network.ts";
import { type Node, startNode } from "./node.ts";
import { execute, type Outcome } from "./process.ts";
import { type ServiceProxy, startServiceProxy } from "./service-proxy.ts";

/** A cluster with controllers, a node for the release's namespace, and a way to the release's Service. */
export interface LivingCluster {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly service: ServiceProxy;
  stop(): Promise<void>;
}

/** Starts all of it. The release's namespace is there, and the release is not. */
export async function startLivingCluster(): Promise<LivingCluster> {
  const network = await claimNetwork();
  const cluster = await startCluster({ serviceRange: network.serviceRange });
  const controllers = await startControllers(cluster);
  const main = join(cluster.folder.path, "main.mjs");
  await bundle(main);
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE_NAMESPACE } }, "");
  const image = { command: process.execPath, args: [...(await shippedFlags()), main] };
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

export interface Release {
  install(values: object, ...flags: readonly string[]): Promise<Outcome>;
  upgrade(values: object, ...flags: readonly string[]): Promise<Outcome>;
  rollback(revision: number, ...flags: readonly string[]): Promise<Outcome>;
  uninstall(...flags: readonly string[]): Promise<Outcome>;
  test(): Promise<Outcome>;
}

const WAIT = ["--wait", "--timeout", "90s"];

/** The release, by an administrator with this Helm. */
export function releaseBy(helm: Helm, cluster: Cluster, chart = CHART): Release {
  const home = join(cluster.folder.path, helm);
  const env = { HOME: home, KUBECONFIG: join(cluster.folder.path, "admin.kubeconfig") };
  const run = (args: readonly string[], values?: object): Promise<Outcome> =>
    execute(program(helm), [...args, "--namespace", RELEASE_NAMESPACE], { env, ...(values && { input: stringify(values) }) });
  return {
    install: (values, ...flags) => run(["install", RELEASE, chart, "--values", "-", ...WAIT, ...flags], values),
    upgrade: (values, ...flags) => run(["upgrade", RELEASE, chart, "--values", "-", ...WAIT, ...flags], values),
    rollback: (revision, ...flags) => run(["rollback", RELEASE, String(revision), ...WAIT, ...flags]),
    uninstall: (...flags) => run(["uninstall", RELEASE, ...WAIT, ...flags]),
    test: () => run(["test", RELEASE, "--timeout", "60s"]),
  };
}
