import type { AdmissionEvent, ImageEvent, OutageEvent, Recorder, StaleEvent, ViolationEvent } from "../../admission/ports.ts";
import type { ScanObserver, ScanSummary } from "../../audit/scan.ts";
import type { Logs } from "./logs.ts";
import type { Metrics } from "./metrics.ts";

/**
 * Metrics and log lines behind one object that fits every observer of the house: admission's and those that the server,
 * the cluster, the registry client and the caches declare.
 */
export class Telemetry implements Recorder, ScanObserver {
  readonly #metrics: Metrics;
  readonly #logs: Logs;

  constructor(metrics: Metrics, logs: Logs) {
    this.#metrics = metrics;
    this.#logs = logs;
  }

  admission(event: AdmissionEvent): void {
    this.#metrics.admission(event);
    this.#logs.admission(event);
  }

  violation(event: ViolationEvent): void {
    this.#metrics.violation(event);
    this.#logs.violation(event);
  }

  image(event: ImageEvent): void {
    this.#metrics.image(event);
    this.#logs.image(event);
  }

  outage(event: OutageEvent): void {
    this.#metrics.outage(event);
    this.#logs.outage(event);
  }

  stale(event: StaleEvent): void {
    this.#logs.stale(event);
  }

  defect(uid: string, cause: unknown): void {
    this.#metrics.defect();
    this.#logs.defect(uid, cause);
  }

  inspected(result: string): void {
    this.#metrics.inspected(result);
  }

  request(kind: string, host: string, status: number | "error", seconds: number): void {
    this.#metrics.request(kind, host, status, seconds);
  }

  inFlight(host: string, change: 1 | -1): void {
    this.#metrics.inFlight(host, change);
  }

  leftAlone(host: string, change: 1 | -1): void {
    this.#metrics.leftAlone(host, change);
    this.#logs.leftAlone(host, change);
  }

  lookup(cache: string, result: string): void {
    this.#metrics.lookup(cache, result);
  }

  watchRestarted(resource: string, cause: Error, failures: number): void {
    this.#metrics.watchRestarted(resource);
    this.#logs.watchRestarted(resource, cause, failures);
  }

  secretIgnored(namespace: string, name: string, why: string): void {
    this.#logs.secretIgnored(namespace, name, why);
  }

  statusNotWritten(cause: Error): void {
    this.#logs.statusNotWritten(cause);
  }

  credentialsKept(cause: unknown): void {
    this.#logs.credentialsKept(cause);
  }

  refused(event: { readonly status: number; readonly cause: unknown }): void {
    this.#metrics.refused(event);
    this.#logs.refused(event);
  }

  handshakeFailed(cause: unknown): void {
    this.#metrics.handshakeFailed();
    this.#logs.handshakeFailed(cause);
  }

  certificateLoaded(expires: Date): void {
    this.#metrics.certificateLoaded(expires);
    this.#logs.certificateLoaded(expires);
  }

  certificateKept(cause: unknown): void {
    this.#logs.certificateKept(cause);
  }

  certificateChanged(change: string, faults: readonly string[]): void {
    this.#metrics.certificateChanged(change);
    this.#logs.certificateChanged(change, faults);
  }

  caBundleWritten(): void {
    this.#metrics.certificateChanged("trust");
    this.#logs.caBundleWritten();
  }

  certificateTrust(trust: { readonly caExpires: Date | undefined; readonly entries: string }): void {
    this.#metrics.certificateTrust(trust);
  }

  certificateNotKept(cause: Error): void {
    this.#logs.certificateNotKept(cause);
  }

  event(result: "written" | "failed" | "dropped"): void {
    this.#metrics.event(result);
  }

  eventsNotWritten(cause: Error): void {
    this.#logs.eventsNotWritten(cause);
  }

  leaseNotRenewed(cause: Error): void {
    this.#logs.leaseNotRenewed(cause);
  }

  scanned(summary: ScanSummary): void {
    this.#metrics.scanned(summary);
    this.#logs.scanned(summary);
  }

  handedOver(): void {
    this.#metrics.handedOver();
  }

  scanFailed(cause: unknown): void {
    this.#metrics.defect();
    this.#logs.scanFailed(cause);
  }
}
