import type { Announcement } from "../admission/announcement.ts";
import { Limit } from "../admission/limit.ts";
import { imageLine } from "../admission/message.ts";
import type { Announcer, Timer } from "../admission/ports.ts";
import type { VerdictReason } from "../verdict/reason.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Audit } from "./audit.ts";
import type { AuditReport, Finding } from "./report.ts";

/** What one scan found. */
export interface ScanSummary {
  readonly images: readonly { readonly namespace: string; readonly verdict: Verdict["kind"]; readonly reason: VerdictReason; readonly count: number; readonly drifted: number }[];
  /** What could not be looked at, each a line for a person. */
  readonly problems: readonly string[];
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly seconds: number;
}

export interface ScanPorts {
  readonly audit: Pick<Audit, "run">;
  readonly announcer: Announcer;
  readonly observer: ScanObserver;
  readonly timer: Timer;
  /** Whether it is for this replica to scan. */
  readonly isChosen: () => boolean;
}

/** What operators want to know of scans. */
export interface ScanObserver {
  scanned(summary: ScanSummary): void;
  /** Another replica scans from now on. */
  handedOver(): void;
  /** What should never have been thrown. */
  scanFailed(cause: unknown): void;
}

/** How often it is looked whether it has become this replica's turn, in milliseconds. */
const LOOK_PAUSE = 1_000;

/** Scans what runs in the namespaces that ask for a level, again and again, while this replica is the chosen one. */
export class Scanner {
  readonly #ports: ScanPorts;
  readonly #pause: number;
  readonly #stopping = new AbortController();
  #nextAt = Number.NEGATIVE_INFINITY;
  #wasChosen = false;
  #running: Promise<void> | undefined;

  constructor(ports: ScanPorts, minutes: number) {
    this.#ports = ports;
    this.#pause = minutes * 60_000;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#look();
      await this.#wait();
    }
  }

  async #look(): Promise<void> {
    const { isChosen, observer, timer } = this.#ports;
    const isOurs = isChosen();
    if (this.#wasChosen && !isOurs) observer.handedOver();
    if (!this.#wasChosen && isOurs) this.#nextAt = timer.now();
    this.#wasChosen = isOurs;
    if (!isOurs || timer.now() < this.#nextAt) return;
    this.#nextAt = timer.now() + this.#pause;
    try {
      await this.#scan();
    } catch (cause) {
      observer.scanFailed(cause);
    }
  }

  async #scan(): Promise<void> {
    const { audit, announcer, observer, timer } = this.#ports;
    const { signal } = this.#stopping;
    const began = timer.now();
    const report = await audit.run({ scope: { kind: "cluster" }, level: undefined, unasked: "leave-out", signal, progress: { listed() {}, judged() {} } });
    // What was cut short says nothing of the cluster.
    if (signal.aborted) return;
    for (const finding of report.findings) for (const announcement of announcementsOf(finding)) announcer.announce(announcement);
    const endedAt = timer.now();
    observer.scanned({ images: rowsOf(report), problems: report.problems, endedAt, seconds: (endedAt - began) / 1000 });
  }

  #wait(): Promise<void> {
    const limit = new Limit(LOOK_PAUSE, this.#stopping.signal, this.#ports.timer);
    return limit.race(() => new Promise<void>(() => undefined), () => undefined);
  }
}

function announcementsOf({ namespace, owner, image, judgement, drift }: Finding): readonly Announcement[] {
  const { verdict } = judgement;
  const about = { namespace, about: owner, action: "Scan" } as const;
  const failing: readonly Announcement[] = verdict.kind === "untrusted" || verdict.kind === "undetermined" ? [{ ...about, reason: verdict.reason, lines: [imageLine(judgement)] }] : [];
  const drifting = drift.map(({ digest }) => `${image}: Pods run ${digest}, which this reference does not name now`);
  return drifting.length === 0 ? failing : [...failing, { ...about, reason: "Drifted", lines: drifting }];
}

function rowsOf({ findings }: AuditReport): ScanSummary["images"] {
  const rows = new Map<string, { readonly namespace: string; readonly verdict: Verdict["kind"]; readonly reason: VerdictReason; count: number; drifted: number }>();
  for (const { namespace, judgement, drift } of findings) {
    const { kind: verdict, reason } = judgement.verdict;
    const key = `${namespace} ${verdict} ${reason}`;
    const row = rows.get(key) ?? { namespace, verdict, reason, count: 0, drifted: 0 };
    rows.set(key, row);
    row.count += 1;
    row.drifted += drift.length > 0 ? 1 : 0;
  }
  return [...rows.values()];
}
