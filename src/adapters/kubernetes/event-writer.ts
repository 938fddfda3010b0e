import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Announcement } from "../../admission/announcement.ts";
import type { Announcer } from "../../admission/ports.ts";
import type { JsonObject } from "../../json.ts";
import type { ApiWriter } from "./cluster-client.ts";
import { type Attempt, ClusterError, explained } from "./cluster-error.ts";
import { eventNote, eventObject, eventPath } from "./event-object.ts";
import { ANSWER_LIMIT } from "./limit.ts";
import { isObjectName } from "./object-name.ts";
import { microTime, type Timer } from "./timer.ts";
import { ToldOnce } from "./told-once.ts";

/** What operators want to know of Events. */
export interface EventRecorder {
  /** What became of one: `dropped` when too many were waiting. */
  event(result: "written" | "failed" | "dropped"): void;
  /** Why they fail. Told once until something else goes wrong, or it works. */
  eventsNotWritten(cause: Error): void;
}

export interface EventWriterOptions {
  readonly timer: Timer;
  readonly recorder: EventRecorder;
  /** This replica, unlike every other. */
  readonly holder: string;
}

/** Announcements that wait to be written. A burst beyond that is told of by its number alone. */
const MAX_WAITING = 2_000;
/** Events that are gone on with when they come again. */
const MAX_KNOWN = 4_000;
/** The same again within this time, in milliseconds, is counted and not written. */
const QUIET = 60_000;

/** An Event that has been written. */
interface Known {
  readonly name: string;
  readonly writtenAt: number;
  /** How often it has come, the times that were not written included. */
  count: number;
}

/**
 * Writes announcements as Events (events.k8s.io/v1), one request at a time, behind whoever announces: nobody waits for it,
 * and what is too much is dropped and counted. The same about the same object is one Event, whose series grows.
 */
export class EventWriter implements Announcer {
  readonly #client: ApiWriter;
  readonly #options: EventWriterOptions;
  readonly #failures: ToldOnce;
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN });
  readonly #waiting: Announcement[] = [];
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(client: ApiWriter, options: EventWriterOptions) {
    this.#client = client;
    this.#options = options;
    this.#failures = new ToldOnce((cause) => options.recorder.eventsNotWritten(cause));
  }

  announce(announcement: Announcement): void {
    const isTaken = !this.#stopping.signal.aborted && this.#waiting.length < MAX_WAITING && isObjectName(announcement.namespace);
    if (!isTaken) return this.#options.recorder.event("dropped");
    this.#waiting.push(announcement);
    this.#writing ??= this.#drain();
  }

  /** What waits is given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#writing;
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#stopping.signal.aborted) this.#options.recorder.event("dropped");
      else await this.#write(next);
    }
    this.#writing = undefined;
  }

  async #write(announcement: Announcement): Promise<void> {
    const { recorder } = this.#options;
    try {
      if (await this.#put(announcement)) recorder.event("written");
      this.#failures.worked();
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      recorder.event("failed");
      if (!this.#stopping.signal.aborted) this.#failures.failed(explained(WRITING, thrown));
    }
  }

  /** Whether there was anything to be written. */
  async #put(announcement: Announcement): Promise<boolean> {
    const { namespace, about, action, reason } = announcement;
    const key = JSON.stringify([namespace, about, action, reason, eventNote(announcement)]);
    const now = this.#options.timer.now();
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.count += 1;
      if (now - known.writtenAt < QUIET) return false;
      if (await this.#goOn(namespace, known, now)) {
        this.#known.set(key, { ...known, writtenAt: now });
        return true;
      }
    }
    const { body, name } = eventObject(announcement, { holder: this.#options.holder, suffix: randomBytes(8).toString("hex"), now });
    await this.#send("POST", eventPath(namespace), body);
    this.#known.set(key, { name, writtenAt: now, count: 1 });
    return true;
  }

  /** False when the Event has been forgotten meanwhile: the API server keeps them for an hour. */
  async #goOn(namespace: string, { name, count }: Known, now: number): Promise<boolean> {
    try {
      await this.#send("PATCH", [...eventPath(namespace), name], { series: { count, lastObservedTime: microTime(now) } });
      return true;
    } catch (thrown) {
      if (thrown instanceof ClusterError && thrown.code === "NotFound") return false;
      throw thrown;
    }
  }

  #send(method: "POST" | "PATCH", path: readonly string[], body: JsonObject): Promise<JsonObject> {
    const call = { deadline: this.#options.timer.now() + ANSWER_LIMIT, signal: this.#stopping.signal };
    return this.#client.send({ method, path, body }, call);
  }
}

const WRITING: Attempt = { failure: "an Event could not be written", verb: "create and patch", resource: "events.events.k8s.io" };
