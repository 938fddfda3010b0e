import { type Certificates, decodeCertificates, encodeCertificates, type Found, isIssuedBy } from "../../certificate/certificates.ts";
import type { Holder } from "../../certificate/issue.ts";
import { settlingTime } from "../../certificate/lifetime.ts";
import { type Change, nextChange } from "../../certificate/rotation.ts";
import { type CaBundleOptions, CaBundleKeeper, type Trust } from "./ca-bundle-keeper.ts";
import { secretText, withSecretText } from "./certificate-secret.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Seen, SharedObject } from "./shared-object.ts";
import { pause } from "./timer.ts";
import { ToldOnce } from "./told-once.ts";

/** What operators want to know of the certificate that we look after. */
export interface CertificateRecorder {
  /** This replica changed the shared certificates. `faults`: what could not be used of what was there. */
  certificateChanged(change: Exclude<Change["kind"], "none">, faults: readonly string[]): void;
  /** This replica wrote the CAs into the webhook configuration. */
  caBundleWritten(): void;
  certificateTrust(trust: Trust): void;
  /** The Secret or the webhook configuration could not be written, and is tried again. Told once until something else goes wrong, or it works. */
  certificateNotKept(cause: Error): void;
}

/** What the replicas share. */
export interface SharedObjects {
  /** Holds the certificates. */
  readonly secret: SharedObject;
  readonly webhookConfiguration: SharedObject;
}

export interface CertificateKeeperOptions extends CaBundleOptions {
  readonly recorder: CertificateRecorder;
  /** For messages. */
  readonly secretName: string;
  /** What the certificate is for. */
  readonly names: readonly string[];
  /** Serves another certificate from now on; resolves when new connections get it. */
  readonly serve: (serving: Holder) => Promise<void>;
}

/** After a write or a failure: the watch tells what came of it, and sooner than this as a rule. */
const AGAIN = 1_000;
/** Clocks are set, and timers cannot be set for months. */
const LONGEST = 3_600_000;

/**
 * Looks after the certificate that all replicas share: takes it from the Secret, renews it there, and has the API server
 * trust it. Every replica does so, without a leader: both objects are written with the version that was seen, so that one
 * of them wins, and the others go on from what it wrote (ADR 18).
 */
export class CertificateKeeper {
  /** Resolves once a certificate is served that every entry trusts, or that nobody calls for; never rejects. */
  readonly settled: Promise<void>;
  readonly #options: CertificateKeeperOptions;
  readonly #objects: SharedObjects;
  readonly #caBundle: CaBundleKeeper;
  readonly #failures: Readonly<Record<"secret" | "caBundle", ToldOnce>>;
  readonly #stopping = new AbortController();
  readonly #isSettled = Promise.withResolvers<void>();
  /** What the Secret last held that is whole. */
  #shared: Certificates | undefined;
  #served: Holder | undefined;
  #woken = new AbortController();
  #running: Promise<void> | undefined;

  /** `share` is told whom to call when one of the objects has changed. */
  constructor(share: (changed: () => void) => SharedObjects, options: CertificateKeeperOptions) {
    this.#options = options;
    this.#objects = share(() => this.#woken.abort());
    this.#caBundle = new CaBundleKeeper(this.#objects.webhookConfiguration, options);
    const told = (): ToldOnce => new ToldOnce((cause) => options.recorder.certificateNotKept(cause));
    this.#failures = { secret: told(), caBundle: told() };
    this.settled = this.#isSettled.promise;
  }

  start(): void {
    for (const object of Object.values(this.#objects) as SharedObject[]) object.start();
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#woken.abort();
    await Promise.all([this.#running, ...(Object.values(this.#objects) as SharedObject[]).map((object) => object.stop())]);
  }

  /** Seconds since the API server last confirmed each of the two objects, by resource. */
  ages(): ReadonlyMap<string, number> {
    const { secret, webhookConfiguration } = this.#objects;
    return new Map([secret, webhookConfiguration].map((object) => [object.resource, object.ageSeconds()]));
  }

  async #run(): Promise<void> {
    const { timer } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#woken = new AbortController();
      const until = await this.#round();
      await pause(Math.min(Math.max(until - timer.now(), 0), LONGEST), this.#woken.signal, timer);
    }
  }

  /** Does what is due; the instant of the next look, should nothing happen before. */
  async #round(): Promise<number> {
    const seen = this.#objects.secret.seen();
    const found = seen.kind === "present" ? decodeCertificates(secretText(seen.object), this.#options.names, this.#options.timer.now()) : undefined;
    this.#shared = whole(found) ?? this.#shared;
    const serving = this.#shared === undefined ? Number.POSITIVE_INFINITY : await this.#serve(this.#shared);
    // The one must not suffer from what keeps the other from working.
    const trusting = await this.#attempt("caBundle", () => this.#keepTrust());
    const renewing = await this.#attempt("secret", () => this.#renew(seen, found));
    return Math.min(serving, trusting, renewing);
  }

  async #attempt(part: "secret" | "caBundle", work: () => Promise<number>): Promise<number> {
    try {
      const until = await work();
      this.#failures[part].worked();
      return until;
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      // Another replica was faster, and the watch is about to tell what it wrote.
      if (thrown.code !== "Conflict" && !this.#stopping.signal.aborted) this.#failures[part].failed(thrown);
      return this.#options.timer.now() + AGAIN;
    }
  }

  /** Serves what the replicas share, at once or as soon as it may. */
  async #serve(shared: Certificates): Promise<number> {
    if (this.#served?.certificate.fingerprint256 === shared.serving.certificate.fingerprint256) return Number.POSITIVE_INFINITY;
    const from = this.#servableFrom(shared);
    if (this.#options.timer.now() < from) return from;
    await this.#options.serve(shared.serving);
    this.#served = shared.serving;
    return Number.POSITIVE_INFINITY;
  }

  /** What a new CA signed waits until API servers trust it, while there is something better to serve. */
  #servableFrom({ ca, serving }: Certificates): number {
    const served = this.#served?.certificate;
    if (served === undefined || isIssuedBy(served, ca.certificate) || !isIssuedBy(serving.certificate, ca.certificate)) return Number.NEGATIVE_INFINITY;
    const since = this.#caBundle.trustedSince(ca.certificate) ?? Number.POSITIVE_INFINITY;
    return Math.min(since + settlingTime(this.#options.lifetimes), served.validToDate.getTime());
  }

  async #keepTrust(): Promise<number> {
    const { recorder, timer } = this.#options;
    if (this.#shared === undefined || this.#served === undefined) return Number.POSITIVE_INFINITY;
    const trust = this.#caBundle.trust(this.#served.certificate, this.#shared);
    if (trust === undefined) return Number.POSITIVE_INFINITY;
    recorder.certificateTrust(trust);
    if (trust.entries === "none" || trust.entries === "trusting") this.#isSettled.resolve();
    const until = await this.#caBundle.keep(this.#shared);
    if (until !== "written") return trust.entries === "settling" ? timer.now() + AGAIN : until;
    recorder.caBundleWritten();
    return timer.now() + AGAIN;
  }

  async #renew(seen: Seen, found: Found | undefined): Promise<number> {
    const { timer, names, lifetimes, service, secretName, recorder } = this.#options;
    if (seen.kind === "absent") {
      throw new ClusterError("NotFound", `the Secret ${service.namespace}/${secretName}, which holds the certificate of all replicas, does not exist; have the chart make it again (helm upgrade)`);
    }
    if (seen.kind === "unknown" || found === undefined) return Number.POSITIVE_INFINITY;
    const now = timer.now();
    const trustedSince = found.ca && this.#caBundle.trustedSince(found.ca.certificate);
    const change = nextChange(found, { now, names, lifetimes, trustedSince, remembered: this.#shared });
    if (change.kind === "none") return change.until;
    await this.#objects.secret.replace(withSecretText(seen.object, encodeCertificates(change.next)));
    recorder.certificateChanged(change.kind, found.faults);
    return now + AGAIN;
  }
}

function whole(found: Found | undefined): Certificates | undefined {
  if (found?.ca === undefined || found.serving === undefined) return undefined;
  return { ca: found.ca, olderCas: found.olderCas, serving: found.serving };
}

/** What the API server calls a Service by, and what people do. */
export function serviceNames({ name, namespace }: CaBundleOptions["service"]): readonly string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`];
}
