import type { Digest } from "../image/digest.ts";
import type { Level } from "../verdict/level.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Caveat } from "./caveat.ts";

export type JudgedLevel = Exclude<Level, "none">;

/** The verdict on one image as it was written. Equal asks about equal images get the same object. */
export interface Judgement {
  readonly image: string;
  readonly level: JudgedLevel;
  /** As resolved; undefined when it could not be. */
  readonly digest: Digest | undefined;
  /** What a node may run of it: that digest and every platform's below an index. Empty when it was not resolved. */
  readonly contents: readonly Digest[];
  readonly verdict: Verdict;
  readonly caveat: Caveat | undefined;
}
