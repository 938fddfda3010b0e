import type { Digest } from "../image/digest.ts";
import type { Candidate, Location } from "../signature/candidate.ts";
import type { UndeterminedReason } from "./reason.ts";

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
}
