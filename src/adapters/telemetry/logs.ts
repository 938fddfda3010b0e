import { type DestinationStream, type Logger, pino } from "pino";

import type { AdmissionEvent, ImageEvent, OutageEvent, StaleEvent, ViolationEvent } from "../../admission/ports.ts";
import type { ScanSummary } from "../../audit/scan.ts";
import { errorLine } from "./error-line.ts";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** Fields that are never written, should anybody ever hand them over. */
const SECRET_FIELDS = ["auth", "authorization", "credential", "data", "headers", "identitytoken", "password", "secret", "token"];

/** JSON lines, one event each. Each line on a request has its `uid`; errors stand under `err`. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (thrown: unknown) => errorLine(thrown) },
    redact: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

const CERTIFICATE_CHANGES: Readonly<Record<string, string>> = {
  create: "a CA and a serving certificate were made",
  replace: "a new CA was made, since there was none; what was served goes on until it is trusted",
  announce: "a new CA was made, and signs as soon as it has been trusted for a while",
  switch: "the new CA has signed the serving certificate",
  renew: "the serving certificate was renewed",
};

/** Writes the events of admission and of the adapters as log lines. */
export class Logs {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  admission({ seconds, ...event }: AdmissionEvent): void {
    const line = { ...event, milliseconds: Math.round(seconds * 1000) };
    if (event.decision === "deny") this.#logger.info(line, "refused");
    else this.#logger.debug(line, event.reason === "Skipped" ? "skipped" : "admitted");
  }

  /** What `audit` finds is told nowhere else to whoever reads logs; the other modes answer the caller. */
  violation({ level, ...event }: ViolationEvent): void {
    const severity = event.mode === "audit" ? "info" : "debug";
    this.#logger[severity]({ ...event, asked: level }, "violation");
  }

  image({ level, ...event }: ImageEvent): void {
    this.#logger.debug({ ...event, asked: level }, "judged");
  }

  outage(event: OutageEvent): void {
    this.#logger.warn(event, "admitted unchecked, in an outage");
  }

  stale({ age, ...event }: StaleEvent): void {
    this.#logger.warn({ ...event, seconds: Math.round(age) }, "passed by what was found earlier, since its registry cannot be reached");
  }

  defect(uid: string, cause: unknown): void {
    this.#logger.error({ uid, err: cause }, "a defect: the request was judged as InternalError");
  }

  refused({ status, cause }: { readonly status: number; readonly cause: unknown }): void {
    if (status >= 500) this.#logger.error({ status, err: cause }, "a request failed before its review was read");
    else this.#logger.info({ status }, "a request was refused before its review was read");
  }

  leftAlone(registry: string, change: 1 | -1): void {
    if (change > 0) this.#logger.warn({ registry }, "a registry does not answer, and nothing is sent to it for now");
    else this.#logger.info({ registry }, "a registry is asked again");
  }

  handshakeFailed(cause: unknown): void {
    this.#logger.debug({ err: cause }, "a TLS handshake failed");
  }

  certificateLoaded(expires: Date): void {
    this.#logger.info({ expires: expires.toISOString() }, "the serving certificate was loaded");
  }

  certificateKept(cause: unknown): void {
    this.#logger.warn({ err: cause }, "the serving certificate changed into what cannot be used; the last good certificate stays");
  }

  certificateChanged(change: string, faults: readonly string[]): void {
    if (faults.length === 0) this.#logger.info({ change }, CERTIFICATE_CHANGES[change] ?? "the certificates were changed");
    else this.#logger.warn({ change, faults }, "the Secret of the certificates holds what cannot be used; it was made again");
  }

  caBundleWritten(): void {
    this.#logger.info("the CAs were written into the caBundle of the webhook configuration");
  }

  certificateNotKept(cause: unknown): void {
    this.#logger.warn({ err: cause }, "the certificate could not be looked after, and is served as it is; it is tried again");
  }

  credentialsKept(cause: unknown): void {
    this.#logger.warn({ err: cause }, "a docker config file changed and cannot be used; the last good credentials stay");
  }

  watchRestarted(resource: string, cause: unknown, failures: number): void {
    // What fails every few seconds for the same reason is told ever more rarely: at 1, 2, 4, 8 and so on.
    if ((failures & (failures - 1)) === 0) this.#logger.warn({ resource, failures, err: cause }, "a watch broke and begins again");
  }

  secretIgnored(namespace: string, name: string, why: string): void {
    this.#logger.warn({ namespace, pullSecret: name, why }, "a pull secret gives no credentials");
  }

  statusNotWritten(cause: unknown): void {
    this.#logger.warn({ err: cause }, "the status of trust policies could not be written, and is tried again");
  }

  eventsNotWritten(cause: unknown): void {
    this.#logger.warn({ err: cause }, "Events could not be written; the next ones are tried");
  }

  leaseNotRenewed(cause: unknown): void {
    this.#logger.warn({ err: cause }, "the Lease of scans could not be renewed, and is tried again");
  }

  scanned({ images, problems, seconds }: ScanSummary): void {
    const count = images.reduce((sum, row) => sum + row.count, 0);
    const line = { images: count, milliseconds: Math.round(seconds * 1000) };
    if (problems.length === 0) this.#logger.info(line, "scanned");
    else this.#logger.warn({ ...line, problems }, "scanned in part");
  }

  scanFailed(cause: unknown): void {
    this.#logger.error({ err: cause }, "a defect: what runs could not be scanned");
  }
}
