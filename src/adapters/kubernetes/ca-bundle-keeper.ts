import type { X509Certificate } from "node:crypto";
import { ForeignCas, wantedBundle } from "../../certificate/ca-bundle.ts";
import { type Certificates, certificatesIn, issuerOf } from "../../certificate/certificates.ts";
import { type Lifetimes, madeAt, settlingTime } from "../../certificate/lifetime.ts";
import type { SharedObject } from "./shared-object.ts";
import type { Timer } from "./timer.ts";
import { caBundles, type ServiceName, withCaBundles } from "./webhook-entries.ts";

export interface CaBundleOptions {
  readonly timer: Timer;
  /** Whose entries are ours. */
  readonly service: ServiceName;
  readonly lifetimes: Lifetimes;
}

/** What the entries of our webhook configuration make of what is served. */
export interface Trust {
  /** When the CA of what is served ends; undefined for one that the replicas no longer share. */
  readonly caExpires: Date | undefined;
  /**
   * `none`: the configuration is not there, or has no entry of ours, so nobody calls. `settling`: they trust it, and so
   * lately that an API server may have missed it, while another replica may serve what is trusted for longer.
   */
  readonly entries: "none" | "trusting" | "settling" | "refusing";
}

/** Has the API server trust our CAs, by the `caBundle` of each entry that calls our Service, and puts them back where they go missing. */
export class CaBundleKeeper {
  readonly #configuration: SharedObject;
  readonly #options: CaBundleOptions;
  readonly #foreign = new ForeignCas();
  /** Since when all entries have trusted a CA, by its fingerprint. */
  readonly #trustedSince = new Map<string, number>();

  constructor(configuration: SharedObject, options: CaBundleOptions) {
    this.#configuration = configuration;
    this.#options = options;
  }

  /** Since when every entry has been seen to trust this CA, look after look; undefined while one does not, or while that is not known. */
  trustedSince({ fingerprint256 }: X509Certificate): number | undefined {
    const bundles = this.#bundles();
    if (bundles === undefined) return undefined;
    const isTrustedNow = bundles.every((bundle) => certificatesIn(bundle).some((ca) => ca.fingerprint256 === fingerprint256));
    if (isTrustedNow) this.#trustedSince.set(fingerprint256, this.#trustedSince.get(fingerprint256) ?? this.#options.timer.now());
    else this.#trustedSince.delete(fingerprint256);
    return this.#trustedSince.get(fingerprint256);
  }

  /** What the entries make of a certificate of these CAs. Undefined while the configuration is not known. */
  trust(serving: X509Certificate, { ca, olderCas }: Certificates): Trust | undefined {
    const bundles = this.#bundles();
    if (bundles === undefined) return undefined;
    const issuer = issuerOf(serving, [ca.certificate, ...olderCas]);
    const caExpires = issuer?.validToDate;
    if (bundles.length === 0) return { entries: "none", caExpires };
    const trusted = bundles.map(certificatesIn);
    if (trusted.some((cas) => issuerOf(serving, cas) === undefined)) return { entries: "refusing", caExpires };
    const isChoice = trusted.some((cas) => cas.length > 1);
    return { entries: isChoice && issuer !== undefined && this.#isSettling(issuer) ? "settling" : "trusting", caExpires };
  }

  /** Writes what is missing, and takes out what has had its time. Returns the instant of the next look; "written" after a change. Throws ClusterError. */
  async keep({ ca, olderCas }: Certificates): Promise<number | "written"> {
    const seen = this.#configuration.seen();
    if (seen.kind !== "present") return Number.POSITIVE_INFINITY;
    const now = this.#options.timer.now();
    this.#foreign.forgetAllBut(caBundles(seen.object, this.#options.service).flatMap(certificatesIn));
    const wanted = (bundle: string) => wantedBundle(bundle, [ca.certificate, ...olderCas], (foreign) => this.#foreign.isKept(foreign, now));
    const next = withCaBundles(seen.object, this.#options.service, wanted);
    if (next === undefined) return this.#foreign.nextEnd(now);
    await this.#configuration.replace(next);
    return "written";
  }

  #isSettling(ca: X509Certificate): boolean {
    const time = settlingTime(this.#options.lifetimes);
    // One that was made long ago has been trusted for long, whenever this replica saw it first.
    const end = Math.min((this.trustedSince(ca) ?? Number.POSITIVE_INFINITY) + time, madeAt(ca) + 2 * time);
    return this.#options.timer.now() < end;
  }

  #bundles(): readonly string[] | undefined {
    const seen = this.#configuration.seen();
    if (seen.kind === "unknown") return undefined;
    return seen.kind === "absent" ? [] : caBundles(seen.object, this.#options.service);
  }
}
