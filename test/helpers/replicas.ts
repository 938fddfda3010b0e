import type { X509Certificate } from "node:crypto";
import { CertificateKeeper, serviceNames } from "../../src/adapters/kubernetes/certificate-keeper.ts";
import { ClusterError } from "../../src/adapters/kubernetes/cluster-error.ts";
import type { Seen, SharedObject } from "../../src/adapters/kubernetes/shared-object.ts";
import { certificatesIn, isIssuedBy } from "../../src/certificate/certificates.ts";
import type { Lifetimes } from "../../src/certificate/lifetime.ts";
import type { JsonObject } from "../../src/json.ts";
import { handTimer, type HandTimer } from "./hand-timer.ts";

export const SERVICE = { namespace: "pratique-system", name: "pratique" };
const MINUTE = 60_000;

/** An object of the API server, by its versions. */
class Stored {
  #version = 1;
  #object: JsonObject | undefined;

  constructor(object: JsonObject) {
    this.put(object);
  }

  get object(): JsonObject | undefined {
    return this.#object;
  }

  put(object: JsonObject | undefined): void {
    this.#version += 1;
    this.#object = object && { ...object, metadata: { ...(object["metadata"] as object), resourceVersion: String(this.#version) } };
  }

  replace(object: JsonObject): void {
    const version = (object["metadata"] as JsonObject)["resourceVersion"];
    if (version !== (this.#object?.["metadata"] as JsonObject | undefined)?.["resourceVersion"]) throw new ClusterError("Conflict", "somebody was faster");
    this.put(object);
  }
}

/** A replica's sight of an object, which may be as old as the test wants. */
class Sight implements SharedObject {
  readonly resource = "things";
  /** Set to have every write fail. */
  fault: ClusterError | undefined;
  readonly #stored: Stored;
  readonly #changed: () => void;
  #seen: Seen = { kind: "unknown" };

  constructor(stored: Stored, changed: () => void) {
    this.#stored = stored;
    this.#changed = changed;
  }

  start(): void {}
  async stop(): Promise<void> {}
  ageSeconds(): number {
    return 0;
  }

  seen(): Seen {
    return this.#seen;
  }

  look(): void {
    const { object } = this.#stored;
    if (this.#seen.kind === "present" && this.#seen.object === object) return;
    this.#seen = object === undefined ? { kind: "absent" } : { kind: "present", object };
    this.#changed();
  }

  async replace(object: JsonObject): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.#stored.replace(object);
  }
}

export interface Replica {
  readonly secret: Sight;
  readonly configuration: Sight;
  readonly serving: () => X509Certificate | undefined;
  /** Whether it may be called. */
  readonly isReady: () => boolean;
  readonly events: readonly string[];
  stop(): Promise<void>;
}

/** A Secret, a webhook configuration, and replicas that look after both by one clock. */
export class Replicas {
  readonly timer: HandTimer = handTimer();
  readonly secret = new Stored({ metadata: { name: "pratique-certificate" }, type: "Opaque" });
  readonly configuration = new Stored(configurationWith(""));
  readonly lifetimes: Lifetimes;
  readonly #issued = new Map<string, boolean>();

  constructor(lifetimes: Lifetimes) {
    this.lifetimes = lifetimes;
  }

  /** A replica that has seen nothing yet. */
  start(): Replica {
    const events: string[] = [];
    let serving: X509Certificate | undefined;
    let isReady = false;
    let sights: { readonly secret: Sight; readonly webhookConfiguration: Sight } | undefined;
    const share = (changed: () => void) => (sights = { secret: new Sight(this.secret, changed), webhookConfiguration: new Sight(this.configuration, changed) });
    const keeper = new CertificateKeeper(share, {
      timer: this.timer,
      service: SERVICE,
      secretName: "pratique-certificate",
      names: serviceNames(SERVICE),
      lifetimes: this.lifetimes,
      recorder: {
        certificateChanged: (change, faults) => events.push([change, ...faults].join(": ")),
        caBundleWritten: () => events.push("trust"),
        certificateTrust: ({ entries }) => events.push(entries),
        certificateNotKept: ({ message }) => events.push(message),
      },
      serve: async ({ certificate }) => {
        serving = certificate;
      },
    });
    void keeper.settled.then(() => (isReady = true));
    keeper.start();
    if (sights === undefined) throw new Error("nothing is shared");
    return { secret: sights.secret, configuration: sights.webhookConfiguration, serving: () => serving, isReady: () => isReady, events, stop: () => keeper.stop() };
  }

  /** Whether a client that trusts these CAs would take the certificate now. */
  isTaken(certificate: X509Certificate, cas: readonly X509Certificate[]): boolean {
    const now = this.timer.now();
    return isGood(certificate, now) && cas.some((ca) => isGood(ca, now) && this.#isIssuedBy(certificate, ca));
  }

  // A model asks the same thousands of times.
  #isIssuedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
    const pair = `${certificate.fingerprint256} ${ca.fingerprint256}`;
    const known = this.#issued.get(pair) ?? isIssuedBy(certificate, ca);
    this.#issued.set(pair, known);
    return known;
  }

  /** The CAs that each entry of ours trusts now. */
  bundles(): readonly (readonly X509Certificate[])[] {
    const { webhooks } = this.configuration.object as { readonly webhooks: readonly Entry[] };
    return webhooks.filter(({ clientConfig }) => clientConfig.service.name === SERVICE.name).map(({ clientConfig }) => certificatesIn(Buffer.from(clientConfig.caBundle ?? "", "base64").toString()));
  }

  data(): Readonly<Record<string, string>> {
    const data = (this.secret.object?.["data"] ?? {}) as Readonly<Record<string, string>>;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  }

  /** Replaces what the entries trust, as a person would. */
  writeBundles(pem: string): void {
    this.configuration.put(configurationWith(pem));
  }

  /** Replaces what the Secret holds, as a person would; nothing at all when absent. */
  write(data?: Readonly<Record<string, string>>): void {
    const encoded = data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
    this.secret.put({ metadata: { name: "pratique-certificate" }, type: "Opaque", ...(encoded && { data: encoded }) });
  }

  /** Lets everybody see everything, and the clock go on, in steps that are short beside every margin. */
  async pass(milliseconds: number, replicas: readonly Replica[]): Promise<void> {
    for (let left = milliseconds; left > 0; left -= MINUTE / 2) {
      this.timer.advance(Math.min(left, MINUTE / 2));
      await this.settle(replicas);
    }
  }

  /** Until nobody has anything left to do at this instant. */
  async settle(replicas: readonly Replica[]): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      for (const { secret, configuration } of replicas) {
        secret.look();
        configuration.look();
      }
      await turn();
    }
  }
}

function isGood({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now < validToDate.getTime();
}

/** Lets promises go on that wait for nothing but one another. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Entry {
  readonly clientConfig: { readonly service: { readonly name: string }; readonly caBundle?: string };
}

/** Two entries of ours, and one of somebody else's. */
function configurationWith(pem: string): JsonObject {
  const entry = (service: typeof SERVICE, caBundle: string) => ({ name: `${service.name}.pratique.dev`, failurePolicy: "Fail", clientConfig: { service, ...(caBundle && { caBundle }) } });
  const ours = Buffer.from(pem).toString("base64");
  return { metadata: { name: "pratique" }, webhooks: [entry(SERVICE, ours), entry(SERVICE, ours), entry({ ...SERVICE, name: "other" }, "b3RoZXI=")] };
}
