import { homedir } from "node:os";
import { join } from "node:path";

import type { Exemptions } from "../admission/exemption.ts";
import type { Inspector, Namespaces, Timer } from "../admission/ports.ts";
import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { ConfiguredNamespaces, NO_SOURCE_CREDENTIALS } from "../adapters/kubernetes/configured-namespaces.ts";
import { DirectNamespaces } from "../adapters/kubernetes/direct-namespaces.ts";
import { DirectPolicies } from "../adapters/kubernetes/direct-policies.ts";
import { loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { readDockerConfigFile } from "../adapters/registry/docker-config-file.ts";
import type { RegistryEnvironment } from "../adapters/registry/settings.ts";
import type { Config } from "../config.ts";
import { canonicalHost } from "../image/reference.ts";
import { type DockerConfig, DockerConfigError } from "../inspection/docker-config.ts";
import { keyringOf } from "../inspection/keyring.ts";
import type { Policies } from "../inspection/ports.ts";
import { exemptionsOf } from "./admission.ts";
import type { Environment } from "./environment.ts";
import { composeInspection } from "./inspection.ts";
import { readPolicyFiles } from "./policy-files.ts";
import { registryEnvironment } from "./registries.ts";

/** What `pratique check` works with. */
export interface CheckParts {
  readonly inspector: Inspector;
  readonly exemptions: Exemptions;
  readonly labels: Namespaces["labels"];
  readonly timer: Timer;
  /** What the caller's docker configuration asks for and does not get. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** What the caller asked for. */
export interface CheckRequest {
  /** The registries that were typed. */
  readonly hosts: ReadonlySet<string>;
  /** Files with trust policies; empty: the cluster's count. */
  readonly policies: readonly string[];
}

const CLUSTER = { kind: "default" } as const;
const SILENT = { request() {}, inFlight() {}, leftAlone() {}, lookup() {}, inspected() {} };

/**
 * Composes a check of images that a person named: with that person's docker configuration and no pull secret, at hosts
 * that may be private, and over plain HTTP on loopback. Throws DockerConfigError and StartError for files that cannot be
 * used. The cluster is not asked before its labels or policies are.
 */
export function composeCheck(config: Config, env: Environment, { hosts, policies }: CheckRequest): CheckParts {
  const docker = callerDockerConfig(env);
  const environment = typed(registryEnvironment({ config, env, clock: SYSTEM_TIMER, observer: SILENT }), config, hosts);
  const client = config.namespaces === undefined ? new ClusterClient(CLUSTER, SYSTEM_TIMER) : undefined;
  const inspection = composeInspection({
    config,
    environment,
    installation: keyringOf(docker.entries),
    policies: policiesFor(config, policies, client),
    // Pull secrets are for those who run in the cluster; whoever types a command has credentials of their own.
    sourceCredentials: NO_SOURCE_CREDENTIALS,
    observer: SILENT,
  });
  return {
    inspector: inspection.inspector,
    exemptions: exemptionsOf(config),
    labels: client === undefined ? labelsOfConfig(config) : labelsOfCluster(client),
    timer: SYSTEM_TIMER,
    warnings: docker.warnings,
    close: async () => {
      await Promise.all([inspection.close(), client?.close()]);
    },
  };
}

function labelsOfConfig({ namespaces }: Config): Namespaces["labels"] {
  const configured = new ConfiguredNamespaces(namespaces ?? new Map());
  return (namespace) => configured.labels(namespace);
}

function labelsOfCluster(client: ClusterClient): Namespaces["labels"] {
  const direct = new DirectNamespaces(client, SYSTEM_TIMER);
  return async (namespace, call) => {
    await loadClient();
    return direct.labels(namespace, call);
  };
}

function policiesFor({ policyFiles, installationNamespace }: Config, files: readonly string[], client: ClusterClient | undefined): Policies {
  if (files.length > 0) return readPolicyFiles(files, installationNamespace);
  return client === undefined ? readPolicyFiles(policyFiles, installationNamespace) : policiesOfCluster(client, installationNamespace);
}

function policiesOfCluster(client: ClusterClient, installation: string): Policies {
  const direct = new DirectPolicies(client, SYSTEM_TIMER, installation);
  return {
    policiesFor: async (namespace, call) => {
      await loadClient();
      return direct.policiesFor(namespace, call);
    },
  };
}

// Loading client-node takes a while, which is not the API server's fault; what is wrong here, whoever asks will say.
async function loadClient(): Promise<void> {
  await loadKubeConfig(CLUSTER).catch(() => undefined);
}

// Whoever types a host means it; an image reference of a Pod is somebody else's text.
function typed(environment: RegistryEnvironment, config: Config, hosts: ReadonlySet<string>): RegistryEnvironment {
  const listed = new Set(config.registries.map(({ host }) => host));
  return {
    ...environment,
    settingsFor: (text) => {
      const host = canonicalHost(text);
      const settings = environment.settingsFor(host);
      return {
        ...settings,
        allowPrivate: settings.allowPrivate || hosts.has(host),
        plainHTTP: settings.plainHTTP || (!listed.has(host) && isLoopback(host)),
      };
    },
  };
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/.test(host);
}

function callerDockerConfig(env: Environment): DockerConfig {
  const folder = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  try {
    return readDockerConfigFile(join(folder, "config.json"));
  } catch (error) {
    if (error instanceof DockerConfigError && isAbsent(error.cause)) return { entries: [], warnings: [] };
    throw error;
  }
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
