// A Pod as its node sees it, and what the node says of it.
import type { Cluster } from "./cluster.ts";

export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: PodSpec;
  readonly status: { readonly phase?: string };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly serviceAccountName: string;
  readonly restartPolicy: "Always" | "Never";
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [PodContainer];
  readonly volumes?: readonly PodVolume[];
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: { readonly failureThreshold: number };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodVolume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
}

/** What becomes of the one container. */
export type ContainerState = { readonly kind: "waiting"; readonly reason: string } | { readonly kind: "running"; readonly isReady: boolean } | { readonly kind: "ended"; readonly exitCode: number };

export interface Report {
  readonly address: string;
  /** When the node took the Pod. */
  readonly startTime: string;
  readonly restarts: number;
  readonly state: ContainerState;
}

const PHASES = { waiting: () => "Pending", running: () => "Running", ended: (exitCode: number) => (exitCode === 0 ? "Succeeded" : "Failed") } as const;

/** Tells the API server, as the kubelet does. A Pod that is gone meanwhile is none to tell of. */
export async function report(cluster: Cluster, { metadata, spec }: Pod, { address, startTime, restarts, state }: Report): Promise<void> {
  const isReady = state.kind === "running" && state.isReady;
  const condition = (type: string, isTrue: boolean): object => ({ type, status: isTrue ? "True" : "False", lastTransitionTime: now() });
  const [{ name, image }] = spec.containers;
  const status = {
    startTime,
    phase: PHASES[state.kind](state.kind === "ended" ? state.exitCode : 0),
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [condition("PodScheduled", true), condition("Initialized", true), condition("ContainersReady", isReady), condition("Ready", isReady)],
    containerStatuses: [{ name, image, imageID: "", ready: isReady, started: state.kind === "running", restartCount: restarts, state: stateOf(state) }],
  };
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status?fieldManager=node&force=true`;
  const told = await cluster.call("PATCH", path, { apiVersion: "v1", kind: "Pod", metadata: { name: metadata.name, uid: metadata.uid }, status });
  if (told.status >= 300 && told.status !== 404 && told.status !== 409) throw new Error(`the status of Pod ${metadata.name} is not accepted: ${JSON.stringify(told.body)}`);
}

function stateOf(state: ContainerState): object {
  switch (state.kind) {
    case "waiting":
      return { waiting: { reason: state.reason } };
    case "running":
      return { running: { startedAt: now() } };
    case "ended":
      return { terminated: { exitCode: state.exitCode, finishedAt: now() } };
  }
}

function now(): string {
  return new Date().toISOString();
}
