import type { Call } from "../../inspection/ports.ts";
import type { JsonObject } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { ClusterError, remedyOf } from "./cluster-error.ts";
import { listPages } from "./list-pages.ts";
import type { ClusterRecorder } from "./recorder.ts";
import { pause, type Timer } from "./timer.ts";
import { parseWatchEvent } from "./watch-event.ts";

/** Every object of one resource, as far as it is kept. */
export interface Collection<T> {
  /** As metrics name it: `namespaces`. */
  readonly resource: string;
  readonly path: readonly string[];
  /** Which objects of it; all of them when absent. */
  readonly query?: { readonly fieldSelector: string };
  /** The key and what is kept. Throws ClusterError (Malformed). */
  parse(object: JsonObject): readonly [key: string, item: T];
  /** Called after every list and every event, when the copy is another. */
  readonly changed?: () => void;
}

export interface ReflectorOptions {
  readonly timer: Timer;
  readonly recorder: ClusterRecorder;
  /** A number in [0, 1): replicas must not come back all at once. */
  readonly jitter: () => number;
}

/** Beyond this age a copy is not believed (design section 9). */
export const MAX_AGE_SECONDS = 60;

// A watch is asked to end after 30 to 40 s: one more request every half minute keeps a quiet cluster's age under the
// 60 s of design section 9, and no frozen connection is believed for longer.
const WATCH_SECONDS = 30;
const WATCH_JITTER_SECONDS = 10;
/** What the API server may be late with the end that it was asked for, in milliseconds. */
const WATCH_GRACE = 5_000;
/** A watch that ends sooner than this did not work, however politely it ended. */
const WATCH_MINIMUM = 1_000;
/** What has worked for so long, in milliseconds, is not held responsible for earlier failures. */
const STEADY = 10_000;
const FIRST_PAUSE = 200;
// With ANSWER_LIMIT this stays under the 10 s in which a change made during an outage must be seen after it.
const LONGEST_PAUSE = 3_000;

/**
 * Keeps a copy of a collection: a list, then watches from its resource version on, for ever. A watch that the API server
 * ends is gone on with; after any other end (broken, frozen, expired, a line that cannot be read) everything is listed
 * anew, after a short pause, and the copy is replaced at one stroke. What was deleted meanwhile is gone then.
 */
export class Reflector<T> {
  /** Resolves with the first complete list, and never rejects. */
  readonly synced: Promise<void>;
  /** Resolves with the first complete list or the first failure, and never rejects. */
  readonly attempted: Promise<void>;
  readonly #client: ClusterClient;
  readonly #collection: Collection<T>;
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  readonly #listed = Promise.withResolvers<void>();
  readonly #tried = Promise.withResolvers<void>();
  #items: Map<string, T> | undefined;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(client: ClusterClient, collection: Collection<T>, options: ReflectorOptions) {
    this.#client = client;
    this.#collection = collection;
    this.#options = options;
    this.synced = this.#listed.promise;
    this.attempted = this.#tried.promise;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Whether there has been a complete list. */
  ready(): boolean {
    return this.#items !== undefined;
  }

  get(key: string): T | undefined {
    return this.#items?.get(key);
  }

  /** Empty before the first list. */
  entries(): Iterable<readonly [key: string, item: T]> {
    return this.#items ?? [];
  }

  /** Empty before the first list. */
  values(): readonly T[] {
    return [...(this.#items?.values() ?? [])];
  }

  /** Seconds since the API server last confirmed the copy: by a list, an accepted watch, an event or a bookmark. */
  ageSeconds(): number {
    return (this.#options.timer.now() - this.#confirmedAt) / 1000;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; failures += 1) {
      const began = this.#options.timer.now();
      try {
        for (let version = await this.#list(); ; ) version = await this.#watch(version);
      } catch (thrown) {
        this.#tried.resolve();
        if (this.#stopping.signal.aborted) return;
        if (this.#options.timer.now() - began >= STEADY) failures = 0;
        this.#options.recorder.watchRestarted(this.#collection.resource, explained(thrown, this.#collection), failures + 1);
        await pause(this.#pauseAfter(failures), this.#stopping.signal, this.#options.timer);
      }
    }
  }

  async #list(): Promise<string> {
    const items = new Map<string, T>();
    let version: string | undefined;
    for await (const page of listPages(this.#client, this.#collection, this.#call(Number.POSITIVE_INFINITY))) {
      for (const object of page.items) items.set(...this.#collection.parse(object));
      // The first page's: a change while the others were read is then seen twice, and never missed.
      version ??= page.resourceVersion;
    }
    this.#items = items;
    this.#confirm();
    this.#listed.resolve();
    this.#tried.resolve();
    this.#collection.changed?.();
    return version ?? "";
  }

  async #watch(from: string): Promise<string> {
    const { timer, jitter } = this.#options;
    const started = timer.now();
    const seconds = WATCH_SECONDS + Math.floor(jitter() * WATCH_JITTER_SECONDS);
    const query = { ...this.#collection.query, watch: "true", allowWatchBookmarks: "true", resourceVersion: from, timeoutSeconds: String(seconds) };
    let version = from;
    await this.#client.watch({ path: this.#collection.path, query }, this.#call(started + seconds * 1000 + WATCH_GRACE), {
      opened: () => this.#confirm(),
      line: (bytes) => {
        version = this.#apply(bytes);
        this.#confirm();
      },
    });
    if (timer.now() - started < WATCH_MINIMUM) throw new ClusterError("Unavailable", "the API server ended the watch at once");
    return version;
  }

  #apply(line: Uint8Array): string {
    const event = parseWatchEvent(line);
    if (event.kind !== "bookmark") {
      const [key, item] = this.#collection.parse(event.object);
      if (event.kind === "deleted") this.#items?.delete(key);
      else this.#items?.set(key, item);
      this.#collection.changed?.();
    }
    return event.version;
  }

  #confirm(): void {
    this.#confirmedAt = this.#options.timer.now();
  }

  #call(deadline: number): Call {
    return { deadline, signal: this.#stopping.signal };
  }

  #pauseAfter(failures: number): number {
    return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.5 + this.#options.jitter() / 2);
  }
}

function explained(thrown: unknown, { resource }: Collection<unknown>): Error {
  if (!(thrown instanceof ClusterError)) return thrown instanceof Error ? thrown : new Error(String(thrown));
  const remedy = remedyOf({ verb: "list and watch", resource }, thrown);
  return remedy === "" ? thrown : new ClusterError(thrown.code, `${thrown.message}${remedy}`, { cause: thrown });
}
