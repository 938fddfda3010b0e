// A cluster with two replicas of Pratique, registries that can be broken, and a Prometheus with the chart's alerts, whose
// times are seconds here.
import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push } from "../../test/helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../../test/helpers/registry-double.ts";
import { createAuthority, type KeyPair } from "../../test/helpers/certificates.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import { ALERTS } from "../../tools/monitoring/alerts.ts";
import { makeNamespace } from "./ask.ts";
import { only, RELEASE, RELEASE_NAMESPACE, renderChart } from "./chart.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type Pratique, startPratique } from "./pratique.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { prepareReplica, type Replica } from "./replica.ts";

export const BUDGET_SECONDS = 2;
const SCAN_SECONDS = 3;

/** Where the times of the test are not a second's, or what is compared is otherwise. */
const CHANGES: Readonly<Record<string, object>> = {
  PratiqueDenialsRising: { threshold: 60 },
  // A registry that is left alone is asked again after 2, 4, 8 and 15 s.
  PratiqueRegistryUnavailable: { window: "20s" },
  // A watch is confirmed every 30 to 40 s.
  PratiqueWatchOld: { threshold: 43 },
  PratiqueWatchFlapping: { threshold: 2 },
  PratiqueCertificateExpiring: { threshold: 0.5 },
};

export interface MonitoredWorld {
  readonly cluster: Cluster;
  readonly pratique: Pratique;
  readonly replica: Replica;
  readonly prometheus: Prometheus;
  readonly registries: Readonly<Record<"good" | "failing" | "dead" | "slow", RegistryDouble>>;
  /** A certificate that ends so many hours from now. */
  certificate(hours: number): Promise<KeyPair>;
  stop(): Promise<void>;
}

export async function startMonitoredWorld(): Promise<MonitoredWorld> {
  const [good, failing, dead, slow, cluster, authority] = await Promise.all([filled(), filled(), filled(), filled(), startCluster(), createAuthority("replica")]);
  const pratique = await startPratique(cluster, [], {
    requestSeconds: BUDGET_SECONDS,
    drainSeconds: 3,
    cache: { tagSeconds: 0, foundSeconds: 1, absentSeconds: 1 },
    audit: { scanMinutes: SCAN_SECONDS / 60 },
    registries: [settings(good), settings(failing), { ...settings(dead), onOutage: "allow" }, { ...settings(slow), maxInFlight: 2 }],
  });
  const certificate = (hours: number): Promise<KeyPair> => authority.issue({ ips: ["127.0.0.1"], notAfter: new Date(Date.now() + hours * 3_600_000) });
  const replica = await prepareReplica(cluster, pratique.objects);
  await replica.launch({ certificate: await certificate(24) });
  await makeNamespace(cluster, "shop", { enforce: "signed" });
  await makeNamespace(cluster, "lenient", { enforce: "signed", "on-outage": "allow" });
  const prometheus = await startPrometheus(cluster.folder, {
    targets: new Map([[`${RELEASE}-a`, pratique.metricsPort], [`${RELEASE}-b`, replica.metricsPort]]),
    labels: { namespace: RELEASE_NAMESPACE, service: RELEASE, container: "pratique", endpoint: "metrics" },
    groups: await quickRules(),
  });
  return {
    cluster,
    pratique,
    replica,
    prometheus,
    registries: { good, failing, dead, slow },
    certificate,
    stop: async () => {
      await Promise.all([prometheus.stop(), pratique.kill(), replica.kill()]);
      await Promise.all([cluster.stop(), ...[good, failing, dead, slow].map((registry) => registry.close())]);
    },
  };
}

/** A registry with `shop/web:signed` and `shop/web:unsigned`. */
async function filled(): Promise<RegistryDouble> {
  const registry = await startRegistry();
  push(registry, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  signLegacy(registry, "shop/web", push(registry, "shop/web", imageManifest(), "signed"), { key: generateSigningKey() });
  return registry;
}

function settings({ host }: RegistryDouble): object {
  return { host, plainHTTP: true, allowPrivate: true };
}

/** `spec.groups` of the chart's PrometheusRule, with seconds for its times. */
async function quickRules(): Promise<unknown> {
  const alerts = Object.fromEntries(ALERTS.map(({ alert, window }) => [alert, { for: "1s", ...(window === undefined ? {} : { window: "10s" }), ...CHANGES[alert] }]));
  const objects = await renderChart({ certificate: { mode: "cert-manager" }, monitoring: { rules: { enabled: true, alerts } } });
  return only(objects, "PrometheusRule").spec.groups;
}
