import type { ScanSummary } from "../../audit/scan.ts";
import type { Instruments } from "./instruments.ts";

export interface ScanMetricsOptions {
  /** Whether this namespace exists and has a label of ours: only then is it named. */
  readonly isLabelled: (namespace: string) => boolean;
}

type Row = ScanSummary["images"][number];

/**
 * The series of the last scan, all of them replaced by the next. A namespace that has gone, or has lost its labels, takes
 * its own along before that.
 */
export class ScanMetrics {
  readonly #instruments: Instruments;
  readonly #options: ScanMetricsOptions;
  #rows: readonly Row[] = [];

  constructor(instruments: Instruments, options: ScanMetricsOptions) {
    this.#instruments = instruments;
    this.#options = options;
  }

  scanned({ images, endedAt }: ScanSummary): void {
    this.#rows = images.map((row) => (this.#options.isLabelled(row.namespace) ? row : { ...row, namespace: "" }));
    this.#instruments.scanEnd.set(endedAt / 1000);
  }

  /** Another replica scans now, and has the series. */
  handedOver(): void {
    this.#rows = [];
    this.#instruments.scanEnd.set(0);
  }

  /** Writes the series anew, before each scrape. */
  refresh(): void {
    const { scannedImages, scanDrift } = this.#instruments;
    scannedImages.reset();
    scanDrift.reset();
    for (const { namespace, verdict, reason, count, drifted } of this.#rows) {
      if (namespace !== "" && !this.#options.isLabelled(namespace)) continue;
      scannedImages.inc({ resource_namespace: namespace, verdict, reason }, count);
      scanDrift.inc({ resource_namespace: namespace }, drifted);
    }
  }
}
