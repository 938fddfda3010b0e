import type { Timer } from "../admission/ports.ts";
import { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { DirectNamespaces } from "../adapters/kubernetes/direct-namespaces.ts";
import { DirectPolicies } from "../adapters/kubernetes/direct-policies.ts";
import { type ClusterSource, currentNamespace, loadKubeConfig } from "../adapters/kubernetes/kubeconfig.ts";
import { ListedNamespaces } from "../adapters/kubernetes/listed-namespaces.ts";
import { ClusterPullSecrets } from "../adapters/kubernetes/pull-secrets.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { ClusterWorkloadLister } from "../adapters/kubernetes/workload-lister.ts";
import { Audit } from "../audit/audit.ts";
import type { Scope } from "../audit/ports.ts";
import type { Config } from "../config.ts";
import type { Policies } from "../inspection/ports.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { exemptionsOf } from "./admission.ts";
import type { Environment } from "./environment.ts";
import { composeInspection } from "./inspection.ts";
import { installationCredentials } from "./installation.ts";
import { registryEnvironment } from "./registries.ts";

/** What `pratique audit` works with. */
export interface AuditParts {
  readonly audit: Audit;
  readonly scope: Scope;
  readonly timer: Timer;
  close(): Promise<void>;
}

/** What the caller asked for. */
export interface AuditCall {
  readonly cluster: ClusterSource;
  /** The whole cluster, a namespace, or the one that the kubeconfig's context names. */
  readonly scope: Scope | "context";
  /** Told of what should never have been thrown. */
  readonly defect: (cause: unknown) => void;
  /** Told, in words, of credentials that are there and cannot be used. */
  readonly warn: (line: string) => void;
}

const SILENT = { request() {}, inFlight() {}, leftAlone() {}, lookup() {}, inspected() {} };

/**
 * Composes an audit of the cluster of a kubeconfig, with the settings of registries and the credentials that the webhook
 * has: each Pod's pull secrets, else the installation's. Throws ClusterError (Misconfigured), and DockerConfigError and
 * StartError for files that cannot be used.
 */
export async function composeAudit(config: Config, env: Environment, { cluster, scope, defect, warn }: AuditCall): Promise<AuditParts> {
  await loadKubeConfig(cluster);
  const chosen = scope === "context" ? ({ kind: "namespace", namespace: await currentNamespace(cluster) } as const) : scope;
  const client = new ClusterClient(cluster, SYSTEM_TIMER);
  const recorder = { watchRestarted() {}, statusNotWritten() {}, secretIgnored: (namespace: string, name: string, why: string) => warn(`the pull secret ${namespace}/${name} gives no credentials: ${why}`) };
  const pullSecrets = new ClusterPullSecrets(client, { timer: SYSTEM_TIMER, recorder });
  const environment = registryEnvironment({ config, env, clock: SYSTEM_TIMER, observer: SILENT });
  const inspection = composeInspection({
    config,
    environment,
    installation: installationCredentials({ config, env, environment, onFault: (fault) => warn(fault.message) }),
    policies: readOnce(new DirectPolicies(client, SYSTEM_TIMER, config.installationNamespace)),
    sourceCredentials: pullSecrets.sources,
    observer: SILENT,
  });
  const namespaces = chosen.kind === "cluster" ? new ListedNamespaces(client, SYSTEM_TIMER) : new DirectNamespaces(client, SYSTEM_TIMER);
  const ports = {
    workloads: new ClusterWorkloadLister(client),
    labels: namespaces.labels.bind(namespaces),
    pullSecrets,
    inspector: inspection.inspector,
    timer: SYSTEM_TIMER,
    defect,
  };
  return {
    audit: new Audit(ports, { defaults: config.defaults, exemptions: exemptionsOf(config) }),
    scope: chosen,
    timer: SYSTEM_TIMER,
    close: async () => {
      await Promise.all([inspection.close(), client.close()]);
    },
  };
}

// Policies of one instant for all images of a namespace; what failed is asked for again.
function readOnce(policies: Policies): Policies {
  const read = new Map<string, Promise<readonly TrustPolicy[]>>();
  return {
    policiesFor: (namespace, call) => {
      const known = read.get(namespace) ?? policies.policiesFor(namespace, call);
      read.set(namespace, known);
      known.catch(() => read.delete(namespace));
      return known;
    },
  };
}
