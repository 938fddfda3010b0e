import { isDeepStrictEqual } from "node:util";
import { policyLabel, POLICY_RESOURCES } from "../../trust/trust-policy.ts";
import type { ApiWriter } from "./cluster-client.ts";
import { type Attempt, ClusterError, explained } from "./cluster-error.ts";
import { Lease } from "./lease.ts";
import { ANSWER_LIMIT } from "./limit.ts";
import { type KnownPolicy, policiesPath } from "./policy-object.ts";
import { type PolicyStatus, statusOf } from "./policy-status.ts";
import type { ResolvedPolicy } from "./policy-watch.ts";
import type { ClusterRecorder } from "./recorder.ts";
import { pause, type Timer } from "./timer.ts";
import { ToldOnce } from "./told-once.ts";

export interface StatusSource {
  /** The policies as they are known now. */
  known(): readonly ResolvedPolicy[];
}

export interface StatusWriterOptions {
  readonly timer: Timer;
  readonly recorder: ClusterRecorder;
  /** Where the Lease is. */
  readonly installation: string;
  /** This replica, unlike every other. */
  readonly holder: string;
}

const LEASE = "pratique-policy-status";
/** Between two looks without a change, in milliseconds. */
const ROUND_PAUSE = 10_000;

/**
 * Writes the status of the policies, from the one replica that holds the Lease. Nobody waits for it, and nothing is
 * written that stands there already.
 */
export class PolicyStatusWriter {
  readonly #client: ApiWriter;
  readonly #policies: StatusSource;
  readonly #timer: Timer;
  readonly #lease: Lease;
  readonly #writes: ToldOnce;
  readonly #stopping = new AbortController();
  /** Written already: another one comes with the next event, and its status with it. */
  readonly #written = new WeakSet<KnownPolicy>();
  #woken = new AbortController();
  #running: Promise<void> | undefined;

  constructor(client: ApiWriter, policies: StatusSource, { timer, recorder, installation, holder }: StatusWriterOptions) {
    this.#client = client;
    this.#policies = policies;
    this.#timer = timer;
    this.#writes = new ToldOnce((cause) => recorder.statusNotWritten(cause));
    const renewals = new ToldOnce((cause) => recorder.statusNotWritten(cause));
    const acquired = (): void => {
      renewals.worked();
      this.wake();
    };
    this.#lease = new Lease(client, { namespace: installation, name: LEASE, holder, timer, acquired, failed: (cause) => renewals.failed(cause) });
  }

  start(): void {
    this.#lease.start();
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    await this.#lease.stop();
  }

  /** Something has changed: looks at once. */
  wake(): void {
    this.#woken.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#woken = new AbortController();
      await this.#round();
      await pause(ROUND_PAUSE, this.#woken.signal, this.#timer);
    }
  }

  async #round(): Promise<void> {
    let failure: ClusterError | undefined;
    for (const { known, policy } of this.#policies.known()) {
      if (this.#stopping.signal.aborted || !this.#lease.isHeld()) return;
      const wanted = statusOf(known.decoded, policy, known.status, this.#timer.now());
      if (this.#written.has(known) || isDeepStrictEqual(wanted, known.status)) continue;
      try {
        await this.#write(known, wanted);
      } catch (thrown) {
        if (!(thrown instanceof ClusterError)) throw thrown;
        if (thrown.code !== "NotFound") failure = explained(writingOf(known), thrown);
        // The next would be refused as well.
        if (thrown.code === "Forbidden") break;
      }
    }
    if (failure === undefined) this.#writes.worked();
    else if (!this.#stopping.signal.aborted) this.#writes.failed(failure);
  }

  async #write(known: KnownPolicy, { observedGeneration, ready }: PolicyStatus): Promise<void> {
    const { kind, namespace, name } = known.decoded.id;
    // With the version, so that what was made of one writing of a policy is never said of the next.
    const body = { metadata: { resourceVersion: known.resourceVersion }, status: { observedGeneration, conditions: [ready] } };
    const path = [...policiesPath(kind, namespace), name, "status"];
    const call = { deadline: this.#timer.now() + ANSWER_LIMIT, signal: this.#stopping.signal };
    await this.#client.send({ method: "PATCH", path, query: { fieldManager: "pratique" }, body }, call);
    this.#written.add(known);
  }
}

function writingOf({ decoded: { id } }: KnownPolicy): Attempt {
  return { failure: `the status of ${policyLabel(id)} could not be written`, verb: "patch", resource: `${POLICY_RESOURCES[id.kind]}/status` };
}
