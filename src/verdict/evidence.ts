import type { Digest } from "../image/digest.ts";
import { repositoryName } from "../image/reference.ts";
import type { Candidate, Location, Sought } from "../signature/candidate.ts";
import type { Source } from "../trust/authority.ts";
import type { UndeterminedReason } from "./reason.ts";

/** One question to a registry: what is attached to this subject, in this source. */
export interface Look {
  readonly subject: Digest;
  readonly sought: Sought;
  readonly source: Source;
}

/** A location that did not answer. */
export interface FailedLocation {
  readonly location: Location;
  readonly reason: UndeterminedReason;
  /** Names the host and what went wrong; holds nothing that a registry wrote. */
  readonly message: string;
}

/** Everything that was found for one subject digest, and what could not be found out. */
export interface Evidence {
  readonly subject: Digest;
  readonly candidates: readonly Candidate[];
  readonly failed: readonly FailedLocation[];
  /** The locations with more accessories than their quota lets us read. */
  readonly exhausted: readonly Location[];
  /** The locations that were not asked, since what was sought was found before; none when absent. */
  readonly unasked?: readonly Location[];
}

/** The image's own repository, which is where signatures lie unless a policy says otherwise. */
export const IMAGE_SOURCE: Source = { kind: "image" };

/** What has been found so far, by the question. */
export type Known = ReadonlyMap<string, Evidence>;

/** The key of a question among what is known. */
export function lookKey({ subject, sought, source }: Look): string {
  return `${sourceKey(source)} ${sought} ${subject}`;
}

function sourceKey(source: Source): string {
  if (source.kind === "image") return "";
  const { repository, tagPrefix, pullSecrets } = source;
  return JSON.stringify([repositoryName(repository), tagPrefix, pullSecrets?.namespace, pullSecrets?.names]);
}
