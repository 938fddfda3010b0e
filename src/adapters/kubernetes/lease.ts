import type { Call } from "../../inspection/ports.ts";
import { type JsonObject, numberField, objectField, stringField } from "../../json.ts";
import type { ApiWriter } from "./cluster-client.ts";
import { type Attempt, ClusterError, explained } from "./cluster-error.ts";
import { ANSWER_LIMIT } from "./limit.ts";
import { microTime, pause, type Timer } from "./timer.ts";

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Nobody else's. */
  readonly holder: string;
  readonly timer: Timer;
  /** Called each time that it becomes ours. */
  readonly acquired: () => void;
  /** Called each time that it could not be read or written. Another replica's being faster is no failure. */
  readonly failed: (cause: ClusterError) => void;
}

const DURATION_SECONDS = 15;
const RENEW_PAUSE = 5_000;
/** Ours for so long, in milliseconds, after a renewal was sent: it ends before another replica may take it. */
const HOLD = 10_000;
/**
 * So long, in milliseconds, a Lease is missing before we make it. Who installs us makes it sooner, but for tools that leave Leases
 * out, as Argo CD does by default.
 */
const ABSENCE = 30_000;
/** The longest that giving it up may hold up the end of the program. */
const RELEASE_LIMIT = 1_000;
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * One of the replicas holds a Lease (coordination.k8s.io/v1). Another takes it when nothing about it has changed for as long as it
 * lasts by the other's own clock, so that clocks need not agree. It goes with the installation: one that was there and is deleted
 * stays deleted.
 */
export class Lease {
  readonly #client: ApiWriter;
  readonly #options: LeaseOptions;
  readonly #collection: readonly string[];
  readonly #path: readonly string[];
  readonly #stopping = new AbortController();
  #heldUntil = NEVER;
  /** The last renewal seen of somebody else's, and when by our clock. */
  #seen = { renewal: "", at: NEVER };
  #presence: Presence = { kind: "unknown" };
  #running: Promise<void> | undefined;

  constructor(client: ApiWriter, options: LeaseOptions) {
    this.#client = client;
    this.#options = options;
    this.#collection = ["apis", "coordination.k8s.io", "v1", "namespaces", options.namespace, "leases"];
    this.#path = [...this.#collection, options.name];
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Gives it up, so that another replica need not wait. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (this.isHeld()) await this.#release().catch(() => undefined);
    this.#heldUntil = NEVER;
  }

  isHeld(): boolean {
    return this.#options.timer.now() < this.#heldUntil;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#renew(signal);
      await pause(RENEW_PAUSE, signal, this.#options.timer);
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { timer, acquired, failed } = this.#options;
    const wasHeld = this.isHeld();
    const sentAt = timer.now();
    try {
      const isOurs = await this.#claim({ deadline: sentAt + ANSWER_LIMIT, signal });
      this.#heldUntil = isOurs ? sentAt + HOLD : NEVER;
      if (isOurs && !wasHeld) acquired();
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      if (thrown.code === "Conflict") this.#heldUntil = NEVER;
      else if (!signal.aborted) failed(renewalFailure(this.#options, thrown));
    }
  }

  /** Whether it is ours now. */
  async #claim(call: Call): Promise<boolean> {
    const found = await this.#find(call);
    const spec = (found && objectField(found, "spec")) ?? {};
    if (!this.#mayTake(spec)) return false;
    if (found === undefined) await this.#make(this.#specAfter(spec), call);
    else await this.#replace(found, this.#specAfter(spec), call);
    return true;
  }

  /** Undefined where nobody has made it for so long that we do. */
  async #find(call: Call): Promise<JsonObject | undefined> {
    try {
      const found = await this.#read(call);
      this.#presence = { kind: "seen" };
      return found;
    } catch (thrown) {
      if (thrown instanceof ClusterError && thrown.code === "NotFound" && this.#isOursToMake()) return undefined;
      throw thrown;
    }
  }

  #isOursToMake(): boolean {
    if (this.#presence.kind === "seen") return false;
    const now = this.#options.timer.now();
    if (this.#presence.kind === "unknown") this.#presence = { kind: "absent", since: now };
    return now - this.#presence.since >= ABSENCE;
  }

  #mayTake(spec: JsonObject): boolean {
    const holder = stringField(spec, "holderIdentity") ?? "";
    if (holder === "" || holder === this.#options.holder) return true;
    const now = this.#options.timer.now();
    const renewal = `${holder} ${stringField(spec, "renewTime") ?? ""}`;
    if (renewal !== this.#seen.renewal) this.#seen = { renewal, at: now };
    return now - this.#seen.at > (numberField(spec, "leaseDurationSeconds") ?? DURATION_SECONDS) * 1000;
  }

  #specAfter(spec: JsonObject): JsonObject {
    const { holder, timer } = this.#options;
    const renewTime = microTime(timer.now());
    const renewed = { ...spec, holderIdentity: holder, leaseDurationSeconds: DURATION_SECONDS, renewTime };
    if (spec["holderIdentity"] === holder) return renewed;
    return { ...renewed, acquireTime: renewTime, leaseTransitions: (numberField(spec, "leaseTransitions") ?? -1) + 1 };
  }

  async #release(): Promise<void> {
    const call = { deadline: this.#options.timer.now() + RELEASE_LIMIT, signal: new AbortController().signal };
    const found = await this.#read(call);
    const spec = objectField(found, "spec") ?? {};
    if (spec["holderIdentity"] !== this.#options.holder) return;
    await this.#replace(found, { ...spec, holderIdentity: "", leaseDurationSeconds: 1 }, call);
  }

  #read(call: Call): Promise<JsonObject> {
    return this.#client.get({ path: this.#path }, call);
  }

  #make(spec: JsonObject, call: Call): Promise<JsonObject> {
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: this.#options.name }, spec };
    return this.#client.send({ method: "POST", path: this.#collection, body }, call);
  }

  // `found` has the resource version that it was read with: whoever was faster makes this a Conflict.
  #replace(found: JsonObject, spec: JsonObject, call: Call): Promise<JsonObject> {
    return this.#client.send({ method: "PUT", path: this.#path, body: { ...found, spec } }, call);
  }
}

/** What this process knows of it being there. */
type Presence = { readonly kind: "unknown" } | { readonly kind: "absent"; readonly since: number } | { readonly kind: "seen" };

function renewalFailure({ namespace, name }: LeaseOptions, thrown: ClusterError): ClusterError {
  const attempt: Attempt = { failure: `the Lease ${namespace}/${name} could not be renewed`, verb: "get, create and update", resource: `leases in namespace ${namespace}` };
  const absent = thrown.code === "NotFound" && new ClusterError("NotFound", `${thrown.message}; it is made in half a minute, unless it was there before: apply the chart again then`, { cause: thrown });
  return explained(attempt, absent || thrown);
}
