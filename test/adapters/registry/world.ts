import type { LookupAddress } from "node:dns";
import { isIPv6 } from "node:net";
import type { Test } from "tap";
import { SYSTEM_TIMER } from "../../../src/adapters/kubernetes/timer.ts";
import { RegistryClient } from "../../../src/adapters/registry/registry-client.ts";
import type { Persistence, ProxySettings, RegistryEnvironment, RegistrySettings, Resolve } from "../../../src/adapters/registry/settings.ts";
import { parseReference, type Target } from "../../../src/image/reference.ts";
import { ANONYMOUS, type Credential } from "../../../src/inspection/credential.ts";
import type { Access, Call, Clock, Timer } from "../../../src/inspection/ports.ts";
import { RefusedError, UndeterminedError } from "../../../src/verdict/failure.ts";
import { ONCE } from "../../helpers/persistence.ts";

/** What the configuration has to say of a double, and nothing more. */
export const LOOPBACK: Partial<RegistrySettings> = { plainHTTP: true, allowPrivate: true };

const UNLISTED: RegistrySettings = { plainHTTP: false, allowPrivate: false, ca: undefined, tokenRealms: [], maxInFlight: 32 };

export interface World {
  /** The configured registries; every other host has the defaults. */
  readonly registries?: Readonly<Record<string, Partial<RegistrySettings>>>;
  readonly privateAddresses?: "allow" | "configured";
  /** The addresses of names; there are no others. */
  readonly zone?: Readonly<Record<string, readonly string[]>>;
  readonly proxy?: ProxySettings;
  readonly clock?: Timer;
  /** Each request is sent once unless a test says otherwise. */
  readonly persistence?: Partial<Persistence>;
}

export interface Fixture {
  readonly client: RegistryClient;
  /** `manifest 127.0.0.1:5000 200` of every request, in the order of the answers. */
  readonly events: string[];
  /** Requests under way, as the observer hears of them. */
  readonly inFlight: { now: number; most: number };
  /** Registries that nothing is sent to, as the observer hears of them. */
  readonly leftAlone: { now: number };
  /** The names that were looked up. */
  readonly lookups: string[];
}

/** A client in a world where nothing but loopback exists, closed with the test. */
export function startClient(t: Test, { registries = {}, privateAddresses = "allow", zone = {}, proxy, clock = SYSTEM_TIMER, persistence = {} }: World): Fixture {
  const events: string[] = [];
  const inFlight = { now: 0, most: 0 };
  const leftAlone = { now: 0 };
  const lookups: string[] = [];
  const environment: RegistryEnvironment = {
    settingsFor: (host) => ({ ...UNLISTED, ...registries[host] }),
    privateAddresses,
    proxy,
    clock,
    persistence: { ...ONCE, ...persistence },
    observer: {
      request: (kind, host, status) => events.push(`${kind} ${host} ${status}`),
      inFlight: (_host, change) => {
        inFlight.now += change;
        inFlight.most = Math.max(inFlight.most, inFlight.now);
      },
      leftAlone: (_host, change) => {
        leftAlone.now += change;
      },
    },
    resolve: resolveIn(zone, lookups),
  };
  const client = new RegistryClient(environment);
  t.teardown(() => client.close());
  return { client, events, inFlight, leftAlone, lookups };
}

function resolveIn(zone: Readonly<Record<string, readonly string[]>>, lookups: string[]): Resolve {
  return (hostname, callback) => {
    lookups.push(hostname);
    const addresses = zone[hostname]?.map((address): LookupAddress => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const error = addresses === undefined ? Object.assign(new Error(`no name ${hostname}`), { code: "ENOTFOUND" }) : null;
    setImmediate(() => callback(error, addresses ?? []));
  };
}

export interface Question {
  readonly access: Access;
  readonly target: Target;
}

/** What a reference asks for, and with which credential. */
export function ask(reference: string, credential: Credential = ANONYMOUS): Question {
  const { repository, target } = parseReference(reference);
  return { access: { repository, credential }, target };
}

export function login(username: string, password: string): Credential {
  return { kind: "password", username, password };
}

/** Far more time than anything here takes, and an end for what hangs. */
export function inTime(clock: Clock = { now: Date.now }): Call {
  return { deadline: clock.now() + 20_000, signal: new AbortController().signal };
}

/** The coded error that the work ends with; anything else is a failure of the test. */
export async function failure(work: Promise<unknown>): Promise<RefusedError | UndeterminedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RefusedError || error instanceof UndeterminedError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
