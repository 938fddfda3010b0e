import { isDeepStrictEqual } from "node:util";
import type { Call } from "../../inspection/ports.ts";
import type { SecretRef } from "../../trust/decode.ts";
import type { SecretText } from "../../trust/resolve.ts";
import type { ApiReader } from "./cluster-client.ts";
import { ClusterError, failureText } from "./cluster-error.ts";
import { sharedCall, within } from "./limit.ts";
import { readNamed } from "./named-object.ts";
import { PendingLookups } from "./pending-lookups.ts";
import { noSecret, secretLabel, secretText } from "./policy-secret.ts";
import { pause, type Timer } from "./timer.ts";

/** Between two rounds, in milliseconds. */
const ROUND_PAUSE = 10_000;
/** So long, in milliseconds, is a text believed after the API server has last confirmed it. */
const MAX_AGE = 60_000;
/** Whoever writes TrustPolicies chooses how many Secrets they name; the API server must not feel it. */
const MAX_AT_ONCE = 8;

interface Kept {
  readonly ref: SecretRef;
  readonly text: SecretText;
  /** When the GET that brought it was sent, milliseconds since the epoch. */
  readonly confirmedAt: number;
}

/**
 * The texts that policies name, read one by one with GET and read again every 10 s: to watch Secrets would take the right
 * to list all of them. Nothing else of a Secret is kept.
 */
export class PolicySecrets {
  readonly #client: ApiReader;
  readonly #timer: Timer;
  readonly #changed: () => void;
  readonly #kept = new Map<string, Kept>();
  readonly #reads = new PendingLookups<void>();
  readonly #stopping = new AbortController();
  #revision = 0;
  #running: Promise<void> | undefined;

  /** `changed` is called when `text` has another answer for any of them. */
  constructor(client: ApiReader, timer: Timer, changed: () => void = () => undefined) {
    this.#client = client;
    this.#timer = timer;
    this.#changed = changed;
  }

  /** Begins to read again. */
  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Another number once `text` has another answer for any of them. */
  get revision(): number {
    return this.#revision;
  }

  /** These are named from now on: new ones are read at once, all others forgotten. */
  keep(refs: readonly SecretRef[]): void {
    const named = new Set(refs.map(keyOf));
    for (const key of this.#kept.keys()) if (!named.has(key)) this.#kept.delete(key);
    void this.#readAll(refs.filter((ref) => !this.#kept.has(keyOf(ref))));
  }

  /** Whether each has been asked for, with whatever success. */
  areAsked(refs: readonly SecretRef[]): boolean {
    return refs.every((ref) => this.#kept.has(keyOf(ref)));
  }

  /**
   * Reads whichever of these is not known, or is no longer believed. What cannot be read is `unknown` then. Throws
   * ClusterError (DeadlineExceeded) when the caller's time is over.
   */
  async settle(refs: readonly SecretRef[], call: Call): Promise<void> {
    const due = refs.filter((ref) => !this.#isBelieved(this.#kept.get(keyOf(ref))));
    if (due.length > 0) await within(this.#readAll(due), call, this.#timer);
  }

  text(ref: SecretRef): SecretText {
    return this.#kept.get(keyOf(ref))?.text ?? { kind: "unknown", message: `the Secret ${secretLabel(ref)} has not been read yet` };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await pause(ROUND_PAUSE, signal, this.#timer);
      if (signal.aborted) return;
      await this.#readAll([...this.#kept.values()].map(({ ref }) => ref));
    }
  }

  /** Never rejects. */
  async #readAll(refs: readonly SecretRef[]): Promise<void> {
    const queue = refs.values();
    const work = async (): Promise<void> => {
      for (const ref of queue) await this.#reads.get(keyOf(ref), () => this.#read(ref));
    };
    await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, refs.length) }, work));
  }

  async #read(ref: SecretRef): Promise<void> {
    const confirmedAt = this.#timer.now();
    try {
      this.#set({ ref, text: await this.#fetch(ref), confirmedAt });
    } catch (thrown) {
      if (this.#isBelieved(this.#kept.get(keyOf(ref)))) return;
      this.#set({ ref, text: { kind: "unknown", message: unreadable(ref, thrown) }, confirmedAt: Number.NEGATIVE_INFINITY });
    }
  }

  async #fetch(ref: SecretRef): Promise<SecretText> {
    const { namespace, name } = ref;
    const secret = await readNamed(this.#client, { resource: "secrets", namespace, name }, { ...sharedCall(), signal: this.#stopping.signal });
    return secret === undefined ? noSecret(ref) : secretText(secret, ref);
  }

  #set(kept: Kept): void {
    const key = keyOf(kept.ref);
    const before = this.#kept.get(key);
    this.#kept.set(key, kept);
    if (isDeepStrictEqual(before?.text, kept.text)) return;
    this.#revision += 1;
    this.#changed();
  }

  #isBelieved(kept: Kept | undefined): boolean {
    return kept !== undefined && this.#timer.now() - kept.confirmedAt <= MAX_AGE;
  }
}

function keyOf({ namespace, name, key }: SecretRef): string {
  return `${namespace}/${name}/${key}`;
}

function unreadable(ref: SecretRef, thrown: unknown): string {
  const failure = `the Secret ${secretLabel(ref)} could not be read`;
  if (!(thrown instanceof ClusterError)) return failure;
  return failureText({ failure, verb: "get", resource: `secrets in namespace ${ref.namespace}` }, thrown);
}
