import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { readLabels } from "../admission/labels.ts";
import type { Announcer, LabelMap, Namespaces, PodLister, PolicySecrets, PullSecrets } from "../admission/ports.ts";
import type { CertificateRecorder } from "../adapters/kubernetes/certificate-keeper.ts";
import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { ConfiguredNamespaces, NO_ANNOUNCER, NO_PODS, NO_POLICY_SECRETS, NO_PULL_SECRETS, NO_SOURCE_CREDENTIALS } from "../adapters/kubernetes/configured-namespaces.ts";
import { EventWriter, type EventRecorder } from "../adapters/kubernetes/event-writer.ts";
import { freshSecrets } from "../adapters/kubernetes/fresh-secrets.ts";
import { type ClusterSource, loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { Lease } from "../adapters/kubernetes/lease.ts";
import { NamespaceWatch } from "../adapters/kubernetes/namespace-watch.ts";
import { ClusterPodLister } from "../adapters/kubernetes/pod-lister.ts";
import { PolicyStatusWriter } from "../adapters/kubernetes/policy-status-writer.ts";
import { type PolicyCount, PolicyWatch, type PolicyWatchOptions } from "../adapters/kubernetes/policy-watch.ts";
import { ClusterPullSecrets } from "../adapters/kubernetes/pull-secrets.ts";
import type { ClusterRecorder } from "../adapters/kubernetes/recorder.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { ToldOnce } from "../adapters/kubernetes/told-once.ts";
import { ClusterWorkloadLister } from "../adapters/kubernetes/workload-lister.ts";
import type { WorkloadLister } from "../audit/ports.ts";
import type { Config } from "../config.ts";
import type { Policies, SourceCredentials } from "../inspection/ports.ts";
import { certificateKeeper, type Serve } from "./certificate.ts";
import { readPolicyFiles } from "./policy-files.ts";

/** Where namespaces, trust policies, pull secrets and running Pods come from. */
export interface Cluster {
  readonly namespaces: Namespaces;
  readonly policies: Policies;
  readonly pullSecrets: PullSecrets;
  readonly sourceCredentials: SourceCredentials;
  readonly policySecrets: PolicySecrets;
  readonly pods: PodLister;
  /** Writes Events. */
  readonly announcer: Announcer;
  /** Undefined where nobody asks for scans. */
  readonly scanning: Scanning | undefined;
  /** Whether a namespace is known and has a label of ours. */
  isLabelled(namespace: string): boolean;
  /** The namespaces with a label of ours whose Pods may come in unchecked: none where no registry's may. */
  lenientNamespaces(): Iterable<string>;
  /** How many policies the watches know. */
  policyCounts(): readonly PolicyCount[];
  /** Seconds by watched resource. */
  watchAges(): ReadonlyMap<string, number>;
  /** Throws ClusterError (Misconfigured) when it is not said which cluster. */
  check(): Promise<void>;
  /** Begins to watch; resolves with the first list of namespaces, the first of policies or its failure, and a certificate that is trusted. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a scan of the cluster needs besides what a request does. */
export interface Scanning {
  readonly workloads: WorkloadLister;
  /** Whether this replica holds the Lease of scans. */
  isChosen(): boolean;
}

/** What operators want to know of all that goes on with the cluster. */
type Observer = ClusterRecorder & EventRecorder & CertificateRecorder & { leaseNotRenewed(cause: Error): void };

/**
 * The API server of `source`, or none at all where the configuration has `namespaces`. `serve` is given the certificate
 * that is looked after. Throws StartError for policy files that cannot be used.
 */
export function composeCluster(config: Config, source: ClusterSource, recorder: Observer, serve: Serve): Cluster {
  if (config.namespaces !== undefined) return configuredCluster(config, config.namespaces);
  return liveCluster(config, source, { serve, timer: SYSTEM_TIMER, recorder, jitter: Math.random, installation: config.installationNamespace });
}

function configuredCluster(config: Config, namespaces: ReadonlyMap<string, LabelMap>): Cluster {
  const { defaults, policyFiles, installationNamespace } = config;
  return {
    namespaces: new ConfiguredNamespaces(namespaces),
    policies: readPolicyFiles(policyFiles, installationNamespace),
    pullSecrets: NO_PULL_SECRETS,
    sourceCredentials: NO_SOURCE_CREDENTIALS,
    policySecrets: NO_POLICY_SECRETS,
    pods: NO_PODS,
    announcer: NO_ANNOUNCER,
    scanning: undefined,
    isLabelled: (namespace) => isLabelled(namespaces.get(namespace), defaults),
    lenientNamespaces: () => lenientNamespaces(config, namespaces),
    policyCounts: () => [],
    watchAges: () => new Map(),
    check: async () => {},
    start: async () => {},
    stop: async () => {},
  };
}

function liveCluster(config: Config, source: ClusterSource, options: Omit<PolicyWatchOptions, "changed"> & { readonly recorder: Observer; readonly serve: Serve }): Cluster {
  const { defaults, audit } = config;
  const holder = `${hostname()}-${randomBytes(4).toString("hex")}`;
  const client = new ClusterClient(source, SYSTEM_TIMER, { attempts: 3, jitter: options.jitter });
  const namespaces = new NamespaceWatch(client, options);
  const policies = new PolicyWatch(client, { ...options, changed: () => status.wake() });
  const status = new PolicyStatusWriter(client, policies, { ...options, holder });
  const pullSecrets = new ClusterPullSecrets(client, options);
  const events = new EventWriter(client, { ...options, holder });
  const lease = audit.scanMinutes > 0 ? scanLease(client, { ...options, holder }) : undefined;
  const certificate = certificateKeeper(config, client, options);
  const parts = [namespaces, policies, status, lease, certificate].filter((part) => part !== undefined);
  return {
    namespaces,
    policies,
    pullSecrets,
    sourceCredentials: pullSecrets.sources,
    policySecrets: freshSecrets(client, SYSTEM_TIMER),
    pods: new ClusterPodLister(client),
    announcer: events,
    scanning: lease && { workloads: new ClusterWorkloadLister(client), isChosen: () => lease.isHeld() },
    isLabelled: (namespace) => isLabelled(namespaces.known(namespace), defaults),
    lenientNamespaces: () => lenientNamespaces(config, namespaces.all()),
    policyCounts: () => policies.counts(),
    watchAges: () => new Map([["namespaces", namespaces.ageSeconds()], ...policies.ages(), ...(certificate?.ages() ?? [])]),
    check: async () => {
      await loadKubeConfig(source);
    },
    start: async () => {
      for (const part of parts) part.start();
      // A cluster without the kinds of policies must not keep the levels that need none from being judged.
      await Promise.all([namespaces.synced, policies.attempted, certificate?.settled]);
    },
    stop: async () => {
      await Promise.all([...parts, events].map((part) => part.stop()));
      await client.close();
    },
  };
}

function scanLease(client: ClusterClient, { timer, recorder, installation, holder }: Pick<PolicyWatchOptions, "timer" | "installation"> & { readonly recorder: Observer; readonly holder: string }): Lease {
  const failures = new ToldOnce((cause) => recorder.leaseNotRenewed(cause));
  return new Lease(client, { namespace: installation, name: "pratique-audit", holder, timer, acquired: () => failures.worked(), failed: (cause) => failures.failed(cause) });
}

function lenientNamespaces({ registries, defaults }: Config, namespaces: Iterable<readonly [name: string, labels: LabelMap]>): readonly string[] {
  if (!registries.some(({ onOutage }) => onOutage === "allow")) return [];
  return [...namespaces].flatMap(([name, labels]) => {
    const { demand, isLabelled } = readLabels(labels, defaults);
    return isLabelled && demand.onOutage === "allow" ? [name] : [];
  });
}

function isLabelled(labels: LabelMap | undefined, defaults: Config["defaults"]): boolean {
  return labels !== undefined && readLabels(labels, defaults).isLabelled;
}
