import { collectDefaultMetrics, Registry } from "prom-client";

import type { AdmissionEvent, ImageEvent, OutageEvent, ViolationEvent } from "../../admission/ports.ts";
import type { ScanSummary } from "../../audit/scan.ts";
import { startAtZero } from "./initial-series.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { LabelValues, OTHER } from "./label-values.ts";
import { memoryLimit } from "./memory-limit.ts";
import { ScanMetrics } from "./scan-metrics.ts";

export interface MetricsOptions {
  readonly version: string;
  /** The registries of the configuration; every other one is `other`. */
  readonly registries: readonly RegistryLimit[];
  /** The longest that a review may take. */
  readonly requestSeconds: number;
  /** Between two scans; 0 where nothing is scanned. */
  readonly scanMinutes: number;
  /** Whether this namespace exists and has a label of ours: only then is it named. */
  readonly isLabelled: (namespace: string) => boolean;
}

export interface RegistryLimit {
  readonly host: string;
  /** Requests to it that may be under way. */
  readonly maxInFlight: number;
}

/** Policies of one resource that can, or cannot, be used. */
export interface PolicyCount {
  readonly resource: string;
  readonly ready: boolean;
  readonly count: number;
}

/** What is asked for when the metrics are read, since it changes by itself. */
export interface Readings {
  /** Bytes by cache. */
  readonly cacheBytes?: () => ReadonlyMap<string, number>;
  /** Seconds by watched resource. */
  readonly watchAges?: () => ReadonlyMap<string, number>;
  readonly policies?: () => readonly PolicyCount[];
  /** The namespaces, with a label of ours, whose Pods may come in unchecked. */
  readonly lenientNamespaces?: () => Iterable<string>;
  /** Whether new requests should come. */
  readonly isReady?: () => boolean;
}

/**
 * The metrics, in a registry of their own: two of these do not know of each other. It fits the observers that admission
 * and the other adapters declare. Every label set is closed, whatever the cluster or a registry says.
 */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #instruments: Instruments;
  readonly #values: LabelValues;
  readonly #scans: ScanMetrics;
  readonly #options: MetricsOptions;
  /** The namespaces that have series of their own, with the labels of each series of violations. */
  readonly #named = new Map<string, Map<string, Violation>>();
  readonly #readings: Readings[] = [];

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#values = new LabelValues(options.registries.map(({ host }) => host));
    this.#instruments = createInstruments(this.#registry);
    this.#scans = new ScanMetrics(this.#instruments, options);
    startAtZero(this.#instruments, this.#values.registries);
    this.#setConstants(options);
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Has these read at every scrape. */
  read(readings: Readings): void {
    this.#readings.push(readings);
  }

  /** Prometheus' text format. */
  render(): Promise<string> {
    this.#dropUnlabelled();
    for (const readings of this.#readings) this.#take(readings);
    this.#scans.refresh();
    this.#instruments.memoryLimit.set(memoryLimit());
    return this.#registry.metrics();
  }

  admission(event: AdmissionEvent): void {
    const entry = this.#values.entry(event.entry);
    const { decision, reason } = event;
    this.#instruments.admissions.inc({ entry, operation: this.#values.operation(event.operation), decision, reason });
    this.#instruments.admissionSeconds.observe({ entry, decision }, event.seconds);
  }

  /** A request that was refused before a review could be read. */
  refused(event: { readonly status: number }): void {
    const reason = event.status === 429 ? "Overloaded" : event.status >= 500 ? "InternalError" : "InvalidRequest";
    this.#instruments.admissions.inc({ entry: OTHER, operation: OTHER, decision: "deny", reason });
    if (reason === "InternalError") this.defect();
  }

  violation({ mode, level, reason, namespace }: ViolationEvent): void {
    const isNamed = this.#options.isLabelled(namespace);
    const labels: Violation = { mode, level, reason, resource_namespace: isNamed ? namespace : "" };
    this.#instruments.violations.inc(labels);
    if (isNamed) this.#seriesOf(namespace).set(`${mode} ${level} ${reason}`, labels);
  }

  outage({ namespace }: Pick<OutageEvent, "namespace">): void {
    const isNamed = this.#options.isLabelled(namespace);
    this.#instruments.outageAdmissions.inc({ resource_namespace: isNamed ? namespace : "" });
    // So that it is known by its name, and dropped with it.
    if (isNamed) this.#seriesOf(namespace);
  }

  image({ level, verdict, reason }: ImageEvent): void {
    this.#instruments.images.inc({ level, verdict, reason });
  }

  inspected(result: string): void {
    this.#instruments.inspections.inc({ result });
  }

  request(kind: string, host: string, status: number | "error", seconds: number): void {
    const registry = this.#values.registry(host);
    this.#instruments.requests.inc({ registry, kind, status: this.#values.status(status) });
    this.#instruments.requestSeconds.observe({ registry, kind }, seconds);
  }

  inFlight(host: string, change: 1 | -1): void {
    this.#instruments.inFlight.inc({ registry: this.#values.registry(host) }, change);
  }

  leftAlone(host: string, change: 1 | -1): void {
    this.#instruments.leftAlone.inc({ registry: this.#values.registry(host) }, change);
  }

  lookup(cache: string, result: string): void {
    this.#instruments.lookups.inc({ cache, result });
  }

  watchRestarted(resource: string): void {
    this.#instruments.watchRestarts.inc({ resource });
  }

  defect(): void {
    this.#instruments.defects.inc();
  }

  handshakeFailed(): void {
    this.#instruments.handshakeFailures.inc();
  }

  certificateLoaded(expires: Date): void {
    this.#instruments.certificateExpiry.set(expires.getTime() / 1000);
  }

  certificateChanged(change: string): void {
    this.#instruments.certificateChanges.inc({ change });
  }

  certificateTrust({ caExpires, entries }: { readonly caExpires: Date | undefined; readonly entries: string }): void {
    if (caExpires !== undefined) this.#instruments.caExpiry.set(caExpires.getTime() / 1000);
    this.#instruments.trusted.set(entries === "trusting" || entries === "settling" ? 1 : 0);
  }

  scanned(summary: ScanSummary): void {
    this.#scans.scanned(summary);
  }

  handedOver(): void {
    this.#scans.handedOver();
  }

  event(result: string): void {
    this.#instruments.events.inc({ result });
  }

  #setConstants({ version, registries, requestSeconds, scanMinutes }: MetricsOptions): void {
    const { buildInfo, budget, scanInterval, inFlightLimit } = this.#instruments;
    buildInfo.set({ version }, 1);
    budget.set(requestSeconds);
    scanInterval.set(scanMinutes * 60);
    for (const { host, maxInFlight } of registries) inFlightLimit.set({ registry: this.#values.registry(host) }, maxInFlight);
  }

  #take(readings: Readings): void {
    const { cacheBytes, watchAge, watchRestarts, policies, ready, outageAdmissions } = this.#instruments;
    for (const [cache, bytes] of readings.cacheBytes?.() ?? []) cacheBytes.set({ cache }, bytes);
    for (const [resource, seconds] of readings.watchAges?.() ?? []) {
      watchAge.set({ resource }, seconds);
      watchRestarts.inc({ resource }, 0);
    }
    for (const { resource, ready, count } of readings.policies?.() ?? []) policies.set({ resource, ready: String(ready) }, count);
    // There before the first Pod that is let in, of which no increase would be seen otherwise.
    for (const namespace of readings.lenientNamespaces?.() ?? []) {
      outageAdmissions.inc({ resource_namespace: namespace }, 0);
      this.#seriesOf(namespace);
    }
    if (readings.isReady !== undefined) ready.set(readings.isReady() ? 1 : 0);
  }

  #seriesOf(namespace: string): Map<string, Violation> {
    const series = this.#named.get(namespace) ?? new Map<string, Violation>();
    this.#named.set(namespace, series);
    return series;
  }

  // A namespace that has gone, or has lost its labels, takes its series with it.
  #dropUnlabelled(): void {
    for (const [namespace, series] of this.#named) {
      if (this.#options.isLabelled(namespace)) continue;
      for (const labels of series.values()) this.#instruments.violations.remove({ ...labels });
      this.#instruments.outageAdmissions.remove({ resource_namespace: namespace });
      this.#named.delete(namespace);
    }
  }
}

type Violation = Readonly<Record<"mode" | "level" | "reason" | "resource_namespace", string>>;
