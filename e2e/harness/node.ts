// The one node of a cluster: it takes every Pod of a namespace, runs its container, probes it and tells what becomes of it, as
// a scheduler and a kubelet do.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import { type Image, podFolder, startContainer } from "./container.ts";
import { readiness } from "./direct.ts";
import { repeatedly } from "./loop.ts";
import type { Network } from "./network.ts";
import { type ContainerState, type Pod, report } from "./pod.ts";
import type { Running } from "./process.ts";
import { layOutVolumes, type Volumes } from "./volumes.ts";

export interface Node {
  /** The Pods whose containers run, the oldest first. */
  pods(): readonly RunningPod[];
  /** What a Pod has written, whether it runs still or has ended; empty for one that is gone. */
  logs(name: string): string;
  stop(): Promise<void>;
}

export interface RunningPod {
  readonly name: string;
  readonly isReady: boolean;
  /** The address that the cluster knows it by. */
  readonly address: string;
  output(): string;
  signal(name: NodeJS.Signals): void;
}

export interface NodeOptions {
  readonly namespace: string;
  readonly image: Image;
  readonly network: Network;
}

/** A tag that no registry has. */
export const MISSING_TAG = "missing";

const NAME = "node";
/** A kubelet's are longer; the order of things is the same. */
const PROBE_LIMIT_MS = 2_000;
/** A kubelet looks at mounted objects about once a minute. */
const REFRESH_MS = 1_000;

/** Starts it: from now on Pods of the namespace run. */
export async function startNode(cluster: Cluster, options: NodeOptions): Promise<Node> {
  await cluster.apply({ apiVersion: "v1", kind: "Node", metadata: { name: NAME } }, "");
  const known = new Map<string, LocalPod>();
  const round = async (): Promise<void> => {
    const { body } = await cluster.call("GET", `/api/v1/namespaces/${options.namespace}/pods`);
    const pods = (body as { readonly items: readonly Pod[] | null }).items ?? [];
    await Promise.all(pods.map((pod) => tend(pod)));
    const alive = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, local] of known) {
      if (alive.has(uid)) continue;
      known.delete(uid);
      await local.kill();
    }
  };
  const tend = async (pod: Pod): Promise<void> => {
    const { metadata, spec, status } = pod;
    const local = known.get(metadata.uid);
    if (local !== undefined) return local.tend(pod);
    if (metadata.deletionTimestamp !== undefined) return remove(cluster, pod);
    if (spec.nodeName === undefined) return bind(cluster, pod);
    if (status.phase === "Succeeded" || status.phase === "Failed") return;
    const started = new LocalPod(cluster, options, pod);
    known.set(metadata.uid, started);
    await started.start();
  };
  const loop = repeatedly(round);
  return {
    pods: () => [...known.values()].filter((pod) => pod.isRunning),
    logs: (name) => [...known.values()].find((pod) => pod.name === name)?.output() ?? "",
    stop: async () => {
      await loop.stop();
      await Promise.all([...known.values()].map((pod) => pod.kill()));
    },
  };
}

class LocalPod implements RunningPod {
  readonly address: string;
  readonly #cluster: Cluster;
  readonly #options: NodeOptions;
  readonly #pod: Pod;
  readonly #startTime = new Date().toISOString();
  #running: Running | undefined;
  #volumes: Volumes | undefined;
  #refreshed = 0;
  #restarts = 0;
  #failures = 0;
  #state: ContainerState | undefined;
  #isStopping = false;
  #isProbing = false;

  constructor(cluster: Cluster, options: NodeOptions, pod: Pod) {
    this.#cluster = cluster;
    this.#options = options;
    this.#pod = pod;
    this.address = options.network.nextPodAddress();
  }

  get name(): string {
    return this.#pod.metadata.name;
  }

  get isRunning(): boolean {
    return this.#running !== undefined && !this.#running.hasEnded();
  }

  get isReady(): boolean {
    return this.#state?.kind === "running" && this.#state.isReady;
  }

  output(): string {
    return this.#running?.output() ?? "";
  }

  signal(name: NodeJS.Signals): void {
    this.#running?.signal(name);
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  async start(): Promise<void> {
    const { image } = this.#pod.spec.containers[0];
    if (image.endsWith(`:${MISSING_TAG}`)) return this.#become({ kind: "waiting", reason: "ErrImagePull" });
    const folder = join(this.#cluster.folder.path, podFolder(this.#pod));
    await mkdir(folder, { recursive: true });
    this.#volumes ??= await layOutVolumes(this.#cluster, this.#pod, folder);
    if (this.#volumes === undefined) return this.#become({ kind: "waiting", reason: "ContainerCreating" });
    this.#running = await startContainer(this.#cluster, this.#pod, { image: this.#options.image, folders: this.#volumes.folders, host: this.#place });
    await this.#become({ kind: "running", isReady: !this.#isProbed });
  }

  /** One look at it. */
  async tend({ metadata }: Pod): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return this.#stop();
    if (this.#state?.kind === "waiting" && this.#state.reason === "ContainerCreating") return this.start();
    await this.#refresh();
    if (this.#running?.hasEnded() && this.#state?.kind === "running") return this.#ended(await this.#running.ended());
    if (this.isRunning && this.#isProbed) void this.#probe();
  }

  get #place(): string {
    return this.#options.network.placeOf(this.address);
  }

  get #isProbed(): boolean {
    return this.#pod.spec.containers[0].readinessProbe !== undefined;
  }

  async #ended(status: number | null): Promise<void> {
    if (this.#pod.spec.restartPolicy === "Never") return this.#become({ kind: "ended", exitCode: status ?? 137 });
    await this.#become({ kind: "waiting", reason: "CrashLoopBackOff" });
    this.#restarts += 1;
    await this.start();
  }

  async #refresh(): Promise<void> {
    if (this.#volumes === undefined || Date.now() - this.#refreshed < REFRESH_MS) return;
    this.#refreshed = Date.now();
    await this.#volumes.refresh();
  }

  // A kubelet probes a container that is frozen, and has others to look after meanwhile.
  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    const port = this.#pod.spec.containers[0].ports?.find(({ name }) => name === "https")?.containerPort;
    const late = sleep(PROBE_LIMIT_MS, 0, { ref: false });
    const answer = await Promise.race([readiness(`https://${this.#place}:${port}`).catch(() => 0), late]);
    this.#isProbing = false;
    if (!this.isRunning || this.#isStopping) return;
    this.#failures = answer === 200 ? 0 : this.#failures + 1;
    if (answer === 200) await this.#become({ kind: "running", isReady: true });
    else if (this.#failures >= (this.#pod.spec.containers[0].readinessProbe?.failureThreshold ?? 1)) await this.#become({ kind: "running", isReady: false });
  }

  async #become(state: ContainerState): Promise<void> {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    await report(this.#cluster, this.#pod, { address: this.address, startTime: this.#startTime, restarts: this.#restarts, state });
  }

  // The Pod is gone when its container is, or when its time is over.
  async #stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const running = this.#running;
    if (running !== undefined) void this.#terminate(running).then(() => remove(this.#cluster, this.#pod));
    else await remove(this.#cluster, this.#pod);
  }

  async #terminate(running: Running): Promise<void> {
    running.signal("SIGTERM");
    const grace = sleep(this.#pod.spec.terminationGracePeriodSeconds * 1000, undefined, { ref: false }).then(() => running.kill());
    await Promise.race([running.ended(), grace]);
  }
}

async function bind(cluster: Cluster, { metadata }: Pod): Promise<void> {
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/binding`;
  await cluster.call("POST", path, { apiVersion: "v1", kind: "Binding", metadata: { name: metadata.name, uid: metadata.uid }, target: { apiVersion: "v1", kind: "Node", name: NAME } });
}

async function remove(cluster: Cluster, { metadata }: Pod): Promise<void> {
  await cluster.call("DELETE", `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } });
}
