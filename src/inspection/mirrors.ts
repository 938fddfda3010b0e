import type { Repository } from "../image/reference.ts";
import { RefusedError, UndeterminedError } from "../verdict/failure.ts";
import { ANONYMOUS } from "./credential.ts";
import type { Access, Call, Clock, InstallationCredentials } from "./ports.ts";

/** A repository elsewhere that hands out what another one holds. */
export interface Mirror {
  readonly repository: Repository;
  /** Whether it is believed which digest a tag names, as the nodes believe it. */
  readonly resolvesTags: boolean;
  /** Whether signatures that are found there count as if they had been found at the registry itself. */
  readonly holdsSignatures: boolean;
}

/** What a repository may be read from, in this order. `never`: the registry itself is not asked. */
export interface Mirroring {
  readonly mirrors: readonly Mirror[];
  readonly upstream: "last" | "never";
}

export interface MirrorSettings {
  readonly mirroringOf: (repository: Repository) => Mirroring;
  /** A mirror is asked with what is the installation's for its own host: the credential at hand is the registry's. */
  readonly credentials: InstallationCredentials;
  readonly clock: Clock;
}

/** One way to ask for the same thing. */
export type Attempt<T> = (call: Call) => Promise<T>;

/** Asks a mirror: as whom its own host wants to be asked. */
export function atMirror<T>({ credentials }: MirrorSettings, { repository }: Mirror, work: (access: Access, call: Call) => Promise<T>): Attempt<T> {
  return async (call) => {
    const [credential = ANONYMOUS] = await credentials.credentialsFor(repository, call);
    return work({ repository, credential }, call);
  };
}

/**
 * The first answer, as containerd takes it: whatever a mirror cannot or will not hand out, the next one may. What it did
 * hand out stands, bad as it may be: a node would be handed the same. The last one's failure speaks for all, but that
 * something is not there is not known while another place is out of reach.
 */
export async function firstAnswer<T>(attempts: readonly Attempt<T>[], call: Call, clock: Clock): Promise<T> {
  let outage: UndeterminedError | undefined;
  for (const [i, attempt] of attempts.entries()) {
    const left = attempts.length - i;
    try {
      return await attempt(shareOf(call, left, clock));
    } catch (error) {
      if (left === 1) throw outage !== undefined && isAbsence(error) ? outage : error;
      if (!isRefusalToServe(error)) throw error;
      if (error instanceof UndeterminedError && error.code !== "Unauthorized") outage ??= error;
    }
  }
  throw new UndeterminedError("InternalError", "there is no place to ask");
}

/** An equal part of the time for each one that is still to be asked, so that one that hangs does not take it all. */
export function shareOf({ deadline, signal }: Call, attempts: number, clock: Clock): Call {
  const now = clock.now();
  return { deadline: now + (deadline - now) / attempts, signal };
}

function isAbsence(error: unknown): boolean {
  return error instanceof RefusedError && error.code === "ImageNotFound";
}

function isRefusalToServe(error: unknown): boolean {
  if (error instanceof UndeterminedError) return true;
  return error instanceof RefusedError && SERVES_NOTHING.has(error.code);
}

const SERVES_NOTHING: ReadonlySet<string> = new Set(["ImageNotFound", "BlockedByRegistry", "RegistryForbidden"] satisfies readonly RefusedError["code"][]);
