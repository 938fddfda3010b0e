import { readLabels } from "../admission/labels.ts";
import type { LabelMap, Namespaces, PodLister, PullSecrets } from "../admission/ports.ts";
import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { ConfiguredNamespaces, NO_PODS, NO_PULL_SECRETS } from "../adapters/kubernetes/configured-namespaces.ts";
import { type ClusterSource, loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { NamespaceWatch } from "../adapters/kubernetes/namespace-watch.ts";
import { ClusterPodLister } from "../adapters/kubernetes/pod-lister.ts";
import { ClusterPullSecrets } from "../adapters/kubernetes/pull-secrets.ts";
import type { ClusterRecorder } from "../adapters/kubernetes/recorder.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import type { Config } from "../config.ts";

/** Where namespaces, pull secrets and running Pods come from. */
export interface Cluster {
  readonly namespaces: Namespaces;
  readonly pullSecrets: PullSecrets;
  readonly pods: PodLister;
  /** Whether a namespace is known and has a label of ours. */
  isLabelled(namespace: string): boolean;
  /** Seconds by watched resource. */
  watchAges(): ReadonlyMap<string, number>;
  /** Throws ClusterError (Misconfigured) when it is not said which cluster. */
  check(): Promise<void>;
  /** Begins to watch; resolves with the first complete lists. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The API server of `source`, or none at all where the configuration has `namespaces`. */
export function composeCluster(config: Config, source: ClusterSource, recorder: ClusterRecorder): Cluster {
  return config.namespaces === undefined ? liveCluster(config, source, recorder) : configuredCluster(config, config.namespaces);
}

function configuredCluster({ defaults }: Config, namespaces: ReadonlyMap<string, LabelMap>): Cluster {
  return {
    namespaces: new ConfiguredNamespaces(namespaces),
    pullSecrets: NO_PULL_SECRETS,
    pods: NO_PODS,
    isLabelled: (namespace) => isLabelled(namespaces.get(namespace), defaults),
    watchAges: () => new Map(),
    check: async () => {},
    start: async () => {},
    stop: async () => {},
  };
}

function liveCluster({ defaults }: Config, source: ClusterSource, recorder: ClusterRecorder): Cluster {
  const client = new ClusterClient(source, SYSTEM_TIMER);
  const watch = new NamespaceWatch(client, { timer: SYSTEM_TIMER, recorder, jitter: Math.random });
  return {
    namespaces: watch,
    pullSecrets: new ClusterPullSecrets(client, { timer: SYSTEM_TIMER, recorder }),
    pods: new ClusterPodLister(client),
    isLabelled: (namespace) => isLabelled(watch.known(namespace), defaults),
    watchAges: () => new Map([["namespaces", watch.ageSeconds()]]),
    check: async () => {
      await loadKubeConfig(source);
    },
    start: () => {
      watch.start();
      return watch.synced;
    },
    stop: async () => {
      await watch.stop();
      await client.close();
    },
  };
}

function isLabelled(labels: LabelMap | undefined, defaults: Config["defaults"]): boolean {
  return labels !== undefined && readLabels(labels, defaults).isLabelled;
}
