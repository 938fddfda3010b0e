import type { Demand } from "./labels.ts";
import { type Finding, findingLine } from "./message.ts";
import type { WorkloadResource } from "./workload.ts";

/** Whether the configuration lets images of this registry pass while it cannot be reached. */
export type PassesInOutage = (host: string) => boolean;

/**
 * The images with which a workload is let in unchecked (design, section 9), of those that do not pass what is enforced:
 * all of them, when each lacks nothing but a registry in an outage, and namespace and configuration both allow that.
 * Otherwise none. A template is let in anyway, and its Pods are judged when they come.
 */
export function passedInOutage(kind: WorkloadResource["kind"], demand: Demand, failing: readonly Finding[], passes: PassesInOutage): readonly Finding[] {
  const isAllowed = kind === "pod" && demand.onOutage === "allow";
  return isAllowed && failing.every(({ judgement: { caveat } }) => caveat?.kind === "outage" && caveat.hosts.every(passes)) ? failing : [];
}

/** What is said of such an image. */
export function outageLine(finding: Finding): string {
  return `${findingLine(finding)} It is admitted unchecked, since namespace and configuration allow that in an outage.`;
}

/** What is said of an image that passes by what was found earlier; nothing of any other. */
export function staleLines(finding: Finding): readonly string[] {
  const { caveat } = finding.judgement;
  if (caveat?.kind !== "stale") return [];
  return [`${findingLine(finding)} That was found ${ageText(caveat.seconds)} ago, and cannot be looked up again now: ${caveat.message}.`];
}

function ageText(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
