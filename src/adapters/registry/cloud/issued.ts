import type { Credential } from "../../../inspection/credential.ts";
import type { Call, Clock } from "../../../inspection/ports.ts";
import { joined, withinCall } from "../deadline.ts";

/** Milliseconds before its expiry at which a credential is fetched anew: it must outlast the look-up that begins with it. */
const MARGIN = 120_000;
/** Milliseconds. A fetch serves several callers, so no caller's deadline bounds it. */
const FETCH_TIME = 10_000;

/** A credential that a cloud has issued. */
export interface Issued {
  readonly credential: Credential;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Asks a cloud for a credential. Throws UndeterminedError (CredentialsUnavailable). */
export type Issuer = (signal: AbortSignal) => Promise<Issued>;

/** A credential until shortly before it expires; one fetch for all who ask meanwhile. A failure is not remembered. */
export class KeptCredential {
  readonly #host: string;
  readonly #issuer: Issuer;
  readonly #clock: Clock;
  #issued: Issued | undefined;
  #pending: Promise<Credential> | undefined;

  /** `host` is the registry's, for messages. */
  constructor(host: string, issuer: Issuer, clock: Clock) {
    this.#host = host;
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /** Throws UndeterminedError (CredentialsUnavailable, DeadlineExceeded). */
  async obtain(call: Call): Promise<Credential> {
    const issued = this.#issued;
    if (issued !== undefined && this.#clock.now() < issued.expires - MARGIN) return issued.credential;
    return withinCall(call, this.#clock, this.#name, (signal) => joined(this.#pending ?? this.#start(), signal));
  }

  #start(): Promise<Credential> {
    const limit: Call = { deadline: this.#clock.now() + FETCH_TIME, signal: new AbortController().signal };
    const pending = withinCall(limit, this.#clock, this.#name, this.#issuer)
      .then((issued) => {
        this.#issued = issued;
        return issued.credential;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    this.#pending = pending;
    // Everybody who waited may have given up by the time it fails.
    pending.catch(() => undefined);
    return pending;
  }

  get #name(): string {
    return `the cloud's service for credentials of ${this.#host}`;
  }
}
