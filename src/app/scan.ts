import type { Inspector } from "../admission/ports.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { Audit } from "../audit/audit.ts";
import { type ScanObserver, Scanner } from "../audit/scan.ts";
import type { Config } from "../config.ts";
import { exemptionsOf } from "./admission.ts";
import type { Cluster } from "./cluster.ts";

export interface ScanParts {
  readonly cluster: Cluster;
  readonly inspector: Inspector;
  readonly observer: ScanObserver;
}

/** Scans with what requests are answered with, caches included; undefined where nobody asks for scans. */
export function composeScanner(config: Config, { cluster, inspector, observer }: ScanParts): Scanner | undefined {
  const { namespaces, pullSecrets, announcer, scanning } = cluster;
  if (scanning === undefined) return undefined;
  const ports = {
    workloads: scanning.workloads,
    labels: namespaces.labels.bind(namespaces),
    pullSecrets,
    inspector,
    timer: SYSTEM_TIMER,
    defect: (cause: unknown) => observer.scanFailed(cause),
  };
  const audit = new Audit(ports, { defaults: config.defaults, exemptions: exemptionsOf(config) });
  return new Scanner({ audit, announcer, observer, timer: SYSTEM_TIMER, isChosen: () => scanning.isChosen() }, config.audit.scanMinutes);
}
