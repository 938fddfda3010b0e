import type { ObjectReference } from "../admission/object-reference.ts";
import type { PullIdentity } from "../admission/ports.ts";
import type { Workload } from "../admission/workload.ts";
import type { Digest } from "../image/digest.ts";
import { Owners } from "./owner.ts";
import type { Sighting } from "./sighting.ts";

/** The Pods that run one digest. */
export interface Runners {
  readonly pods: number;
  /** The name of one of them. */
  readonly example: string;
}

/** One image that an owner names, and the credentials that it is fetched with. */
export interface Entry {
  readonly namespace: string;
  /** The topmost controller. */
  readonly owner: ObjectReference;
  /** As it was written. */
  readonly image: string;
  readonly identity: PullIdentity;
  /** Pods that have it; 0 where only a template names it. */
  readonly pods: number;
  /** What runs, where Pods tell. */
  readonly running: ReadonlyMap<Digest, Runners>;
}

interface Tally extends Omit<Entry, "pods"> {
  pods: number;
  readonly running: Map<Digest, Runners>;
}

/**
 * Gathers what was listed, by owner and image: a thousand Pods of one Deployment are one entry. Objects are put in with
 * controllers before what they control; none of them is kept.
 */
export class Survey {
  readonly #owners = new Owners();
  readonly #tallies = new Map<string, Tally>();
  readonly #malformed: string[] = [];

  add(sighting: Sighting): void {
    const { namespace, object, controller, decoded, isSpent } = sighting;
    if (controller !== undefined) this.#owners.add(namespace, object.uid, controller);
    if (isSpent) return;
    if (decoded.kind === "malformed") this.#malformed.push(`${object.kind} ${namespace}/${object.name} could not be decoded: ${decoded.field}: ${decoded.message}`);
    else this.#count(sighting, decoded.workload);
  }

  entries(): readonly Entry[] {
    return [...this.#tallies.values()];
  }

  /** A line for each object that could not be decoded. */
  malformed(): readonly string[] {
    return this.#malformed;
  }

  #count({ kind, namespace, object, running }: Sighting, workload: Workload): void {
    const owner = this.#owners.top(namespace, object);
    const identity = identityOf(namespace, workload);
    for (const image of new Set(workload.uses.map((use) => use.image))) {
      const key = JSON.stringify([namespace, owner.kind, owner.name, image, identity]);
      const tally = this.#tallies.get(key) ?? { namespace, owner, image, identity, pods: 0, running: new Map<Digest, Runners>() };
      this.#tallies.set(key, tally);
      if (kind === "pod") tally.pods += 1;
      for (const digest of new Set(running.filter((each) => each.image === image).map((each) => each.digest))) {
        const before = tally.running.get(digest);
        tally.running.set(digest, { pods: (before?.pods ?? 0) + 1, example: before?.example ?? object.name });
      }
    }
  }
}

// A service account's credentials count only where the Pod names none, so there it must not tell two askers apart.
function identityOf(namespace: string, { pullSecrets, serviceAccount }: Workload): PullIdentity {
  return { namespace, pullSecrets, serviceAccount: pullSecrets.length > 0 ? "" : serviceAccount };
}
