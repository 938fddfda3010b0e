import type { Verdict } from "../verdict/verdict.ts";
import type { ExitStatus } from "./io.ts";

/** What verdicts on images mean to a pipeline: something untrusted, else something open, else well. */
export function statusOf(verdicts: readonly Verdict[]): ExitStatus {
  if (verdicts.some(({ kind }) => kind === "untrusted")) return 1;
  return verdicts.some(({ kind }) => kind === "undetermined") ? 2 : 0;
}
