import { type Certificates, decodeCertificates, encodeCertificates, type Found } from "../../certificate/certificates.ts";
import type { Holder } from "../../certificate/issue.ts";
import type { Lifetimes } from "../../certificate/lifetime.ts";
import { type Change, nextChange } from "../../certificate/rotation.ts";
import { type CaBundleOptions, CaBundleKeeper, type Trust } from "./ca-bundle-keeper.ts";
import { secretText, withSecretText } from "./certificate-secret.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError } from "./cluster-error.ts";
import { pause } from "./timer.ts";
import { ToldOnce } from "./told-once.ts";
import { type Seen, WatchedObject } from "./watched-object.ts";

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

export interface CertificateKeeperOptions extends Omit<CaBundleOptions, "changed"> {
  readonly certificateRecorder: CertificateRecorder;
  /** In the Service's namespace. */
  readonly secretName: string;
  /** What the certificate is for. */
  readonly names: readonly string[];
  readonly lifetimes: Lifetimes;
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
  readonly #secret: WatchedObject;
  readonly #caBundle: CaBundleKeeper;
  readonly #failures: Readonly<Record<"secret" | "caBundle", ToldOnce>>;
  readonly #stopping = new AbortController();
  readonly #isSettled = Promise.withResolvers<void>();
  /** What was last taken from the Secret, and is served. */
  #current: Certificates | undefined;
  #woken = new AbortController();
  #running: Promise<void> | undefined;

  constructor(client: ClusterClient, options: CertificateKeeperOptions) {
    this.#options = options;
    const watching = { ...options, changed: () => this.#woken.abort() };
    const path = ["api", "v1", "namespaces", options.service.namespace, "secrets"];
    this.#secret = new WatchedObject(client, { resource: "secrets", path, name: options.secretName }, watching);
    this.#caBundle = new CaBundleKeeper(client, watching);
    const told = (): ToldOnce => new ToldOnce((cause) => options.certificateRecorder.certificateNotKept(cause));
    this.#failures = { secret: told(), caBundle: told() };
    this.settled = this.#isSettled.promise;
  }

  start(): void {
    this.#secret.start();
    this.#caBundle.start();
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#woken.abort();
    await Promise.all([this.#running, this.#secret.stop(), this.#caBundle.stop()]);
  }

  /** Seconds since the API server last confirmed each of the two objects, by resource. */
  ages(): ReadonlyMap<string, number> {
    return new Map([["secrets", this.#secret.ageSeconds()], this.#caBundle.age()]);
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
    const seen = this.#secret.seen();
    const found = seen.kind === "present" ? decodeCertificates(secretText(seen.object), this.#options.names, this.#options.timer.now()) : undefined;
    if (found !== undefined) await this.#take(found);
    // The one must not suffer from what keeps the other from working.
    const trusting = await this.#attempt("caBundle", () => this.#keepTrust());
    const renewing = await this.#attempt("secret", () => this.#renew(seen, found));
    return Math.min(trusting, renewing);
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

  /** Serves what the replicas share, once it is whole. */
  async #take({ ca, olderCas, serving }: Found): Promise<void> {
    if (ca === undefined || serving === undefined) return;
    const isServed = this.#current?.serving.certificate.fingerprint256 === serving.certificate.fingerprint256;
    if (!isServed) await this.#options.serve(serving);
    this.#current = { ca, olderCas, serving };
  }

  async #keepTrust(): Promise<number> {
    const { certificateRecorder, timer } = this.#options;
    const trust = this.#current && this.#caBundle.trust(this.#current);
    if (this.#current === undefined || trust === undefined) return Number.POSITIVE_INFINITY;
    certificateRecorder.certificateTrust(trust);
    if (trust.entries !== "refusing") this.#isSettled.resolve();
    const until = await this.#caBundle.keep(this.#current);
    if (until !== "written") return until;
    certificateRecorder.caBundleWritten();
    return timer.now() + AGAIN;
  }

  async #renew(seen: Seen, found: Found | undefined): Promise<number> {
    const { timer, names, lifetimes, service, secretName, certificateRecorder } = this.#options;
    if (seen.kind === "absent") {
      throw new ClusterError("NotFound", `the Secret ${service.namespace}/${secretName}, which holds the certificate of all replicas, does not exist; have the chart make it again (helm upgrade)`);
    }
    if (seen.kind === "unknown" || found === undefined) return Number.POSITIVE_INFINITY;
    const now = timer.now();
    const trustedSince = found.ca && this.#caBundle.trustedSince(found.ca.certificate);
    const change = nextChange(found, { now, names, lifetimes, trustedSince, remembered: this.#current });
    if (change.kind === "none") return change.until;
    await this.#secret.replace(withSecretText(seen.object, encodeCertificates(change.next)));
    certificateRecorder.certificateChanged(change.kind, found.faults);
    return now + AGAIN;
  }
}

/** What the API server calls a Service by, and what people do. */
export function serviceNames({ name, namespace }: CaBundleOptions["service"]): readonly string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`];
}
