// One more replica of the Pratique that runs on a cluster, as it is or hampered.
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { KeyPair } from "../../test/helpers/certificates.ts";
import { shippedFlags } from "../../test/helpers/shipped-flags.ts";
import { type KubernetesObject, only } from "./chart.ts";
import type { Cluster } from "./cluster.ts";
import { readiness, review, type ReviewRequest, type ReviewResponse } from "./direct.ts";
import { accountKubeconfig } from "./pratique.ts";
import { freePort } from "./ports.ts";
import { type Running, start, until } from "./process.ts";

export interface Condition {
  readonly certificate: KeyPair;
  /** A script that runs in the process before Pratique does. */
  readonly preload?: string;
  /** Fields of the configuration that are otherwise than its neighbours have them. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Replica {
  readonly port: number;
  readonly metricsPort: number;
  /** Starts it and waits until it is ready. */
  launch(condition: Condition): Promise<void>;
  review(path: string, request: ReviewRequest): Promise<ReviewResponse>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; waits until it has ended. */
  terminate(): Promise<void>;
  kill(): Promise<void>;
}

/** A replica of what `startPratique` has put into the cluster's folder, not yet started. */
export async function prepareReplica(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<Replica> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const url = `https://127.0.0.1:${port}`;
  const flags = await shippedFlags();
  let running: Running | undefined;
  const config = parse(only(objects, "ConfigMap").data["pratique.yaml"]) as object;
  const launch = async ({ certificate, preload, settings = {} }: Condition): Promise<void> => {
    const kubeconfig = await accountKubeconfig(cluster, objects);
    const [cert, key] = [await cluster.folder.write("replica.crt", certificate.cert), await cluster.folder.write("replica.key", certificate.key)];
    const preloaded = preload === undefined ? [] : ["--import", await cluster.folder.write("preload.mjs", preload)];
    const file = await cluster.folder.write("replica.yaml", stringify({ ...config, ...settings }));
    const program = [join(cluster.folder.path, "main.mjs"), "serve", `--config=${file}`];
    const own = [`--listen=127.0.0.1:${port}`, `--metrics-listen=127.0.0.1:${metricsPort}`, `--tls-cert-file=${cert}`, `--tls-key-file=${key}`];
    const started = start(process.execPath, [...flags, ...preloaded, ...program, ...own], { env: { KUBECONFIG: kubeconfig, HOME: cluster.folder.path } });
    running = started;
    await until("the replica is ready", async () => (!started.hasEnded() && (await readiness(url)) === 200 ? true : undefined), { evidence: () => started.output() });
  };
  return {
    port,
    metricsPort,
    launch,
    review: (path, asked) => review(url + path, asked),
    signal: (name) => running?.signal(name),
    terminate: async () => {
      running?.signal("SIGTERM");
      await running?.ended();
    },
    kill: async () => running?.kill(),
  };
}
