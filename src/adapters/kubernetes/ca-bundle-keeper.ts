import type { X509Certificate } from "node:crypto";
import { ForeignCas, isTrusted, wantedBundle } from "../../certificate/ca-bundle.ts";
import { type Certificates, issuerOf } from "../../certificate/certificates.ts";
import type { ClusterClient } from "./cluster-client.ts";
import type { ReflectorOptions } from "./reflector.ts";
import { WatchedObject } from "./watched-object.ts";
import { caBundles, type ServiceName, withCaBundles } from "./webhook-entries.ts";

export interface CaBundleOptions extends ReflectorOptions {
  /** Whose entries are ours. */
  readonly service: ServiceName;
  readonly webhookConfigurationName: string;
  /** There may be something to do. */
  readonly changed: () => void;
}

/** What the entries of our webhook configuration make of the shared certificates. */
export interface Trust {
  /** When the CA of what is served ends. */
  readonly caExpires: Date;
  /** `none`: the configuration is not there, or has no entry of ours, so nobody calls. */
  readonly entries: "none" | "trusting" | "refusing";
}

const RESOURCE = "validatingwebhookconfigurations";

/** Has the API server trust our CAs, by the `caBundle` of each entry that calls our Service, and puts them back where they go missing. */
export class CaBundleKeeper {
  readonly #configuration: WatchedObject;
  readonly #options: CaBundleOptions;
  readonly #foreign = new ForeignCas();
  /** The newest CA, and since when all entries have trusted it. */
  #trusted: { readonly ca: string; readonly since: number } | undefined;

  constructor(client: ClusterClient, options: CaBundleOptions) {
    const path = ["apis", "admissionregistration.k8s.io", "v1", RESOURCE];
    this.#configuration = new WatchedObject(client, { resource: RESOURCE, path, name: options.webhookConfigurationName }, options);
    this.#options = options;
  }

  start(): void {
    this.#configuration.start();
  }

  stop(): Promise<void> {
    return this.#configuration.stop();
  }

  age(): readonly [resource: string, seconds: number] {
    return [RESOURCE, this.#configuration.ageSeconds()];
  }

  /** Since when every entry has been seen to trust this CA; undefined while one does not, or while that is not known. */
  trustedSince(ca: X509Certificate): number | undefined {
    return this.#configuration.seen().kind !== "unknown" && this.#trusted?.ca === ca.fingerprint256 ? this.#trusted.since : undefined;
  }

  /** Undefined while the configuration is not known. */
  trust({ ca, olderCas, serving }: Certificates): Trust | undefined {
    const bundles = this.#bundles();
    if (bundles === undefined) return undefined;
    this.#remember(ca.certificate, bundles);
    const issuer = issuerOf(serving.certificate, [ca.certificate, ...olderCas]) ?? ca.certificate;
    const entries = bundles.length === 0 ? "none" : bundles.every((bundle) => isTrusted(bundle, [issuer])) ? "trusting" : "refusing";
    return { caExpires: issuer.validToDate, entries };
  }

  /** Writes what is missing, and takes out what has had its time. Returns the instant of the next look; "written" after a change. Throws ClusterError. */
  async keep({ ca, olderCas }: Certificates): Promise<number | "written"> {
    const seen = this.#configuration.seen();
    if (seen.kind !== "present") return Number.POSITIVE_INFINITY;
    const now = this.#options.timer.now();
    const wanted = (bundle: string) => wantedBundle(bundle, [ca.certificate, ...olderCas], (foreign) => this.#foreign.isKept(foreign, now));
    const next = withCaBundles(seen.object, this.#options.service, wanted);
    if (next === undefined) return this.#foreign.nextEnd(now);
    await this.#configuration.replace(next);
    return "written";
  }

  #bundles(): readonly string[] | undefined {
    const seen = this.#configuration.seen();
    if (seen.kind === "unknown") return undefined;
    return seen.kind === "absent" ? [] : caBundles(seen.object, this.#options.service);
  }

  #remember(ca: X509Certificate, bundles: readonly string[]): void {
    if (!bundles.every((bundle) => isTrusted(bundle, [ca]))) this.#trusted = undefined;
    else if (this.#trusted?.ca !== ca.fingerprint256) this.#trusted = { ca: ca.fingerprint256, since: this.#options.timer.now() };
  }
}
