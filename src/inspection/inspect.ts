import type { Digest } from "../image/digest.ts";
import type { Evidence } from "../verdict/evidence.ts";
import type { Verdict } from "../verdict/verdict.ts";

/** What was found out about one image, and the verdict on it. */
export interface Inspection {
  /** As resolved; undefined when it could not be. */
  readonly digest: Digest | undefined;
  readonly verdict: Verdict;
  readonly platforms: readonly PlatformVerdict[];
  readonly evidence: readonly Evidence[];
}

/** One platform manifest of an index. */
export interface PlatformVerdict {
  readonly platform: string;
  readonly digest: Digest;
  readonly verdict: Verdict;
}
