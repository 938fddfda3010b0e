import { requestBudget } from "../../admission/budget.ts";
import type { Config } from "../../config.ts";
import { advise, type Finding, finding } from "../finding.ts";
import { patchEntry } from "../patch.ts";
import { type ComparedEntry, subjectOf } from "./entries.ts";

/** Seconds: the API server allows no webhook more. */
const LONGEST = 30;

/** The gate's time must not be shorter than what the configuration gives a review. */
export function checkTimeout({ configuration, entry, shipped }: ComparedEntry, { requestSeconds }: Pick<Config, "requestSeconds">): readonly Finding[] {
  if (shipped.entry !== "enforce") return [];
  const left = requestBudget(requestSeconds * 1000, entry.timeoutSeconds * 1000) / 1000;
  if (left >= requestSeconds || entry.timeoutSeconds >= LONGEST) return [];
  const wanted = Math.min(LONGEST, Math.ceil(requestSeconds) + 2);
  return [
    finding("TimeoutShort", "broken", {
      subject: subjectOf(configuration, entry.name),
      message: `timeoutSeconds is ${entry.timeoutSeconds}, so a review has ${left} s and not the ${requestSeconds} s of requestSeconds: images of slow registries are refused as DeadlineExceeded.`,
      remedy: advise("Give the entry the time, or lower requestSeconds.", patchEntry(configuration, entry, [{ field: "timeoutSeconds", value: wanted }])),
    }),
  ];
}
