import type { Reason } from "../verdict/reason.ts";
import { speakerOf, type Verdict } from "../verdict/verdict.ts";
import type { Annotations, Cause, Decision } from "./decision.ts";
import { type Demand, type LabelFault, type LabelReading, type Mode, labelFaultLine } from "./labels.ts";
import { type Finding, findingLine } from "./message.ts";
import { outageLine, staleLines } from "./outage.ts";
import type { WorkloadResource } from "./workload.ts";

/** What was found for each mode that asks for a level; a mode that does not has no findings. */
export type FindingsByMode = Readonly<Record<Mode, readonly Finding[]>>;

/**
 * Three readings of one evaluation (design, sections 3 and 6). A Pod is refused for any image that does not pass, a
 * template for an untrusted one alone; a refusal names every image that does not pass, and says nothing else.
 * `unchecked`: the images with which the workload is let in all the same (outage.ts); none, or all that do not pass.
 */
export function decide(kind: WorkloadResource["kind"], { demand, faults }: LabelReading, findings: FindingsByMode, unchecked: readonly Finding[]): Decision {
  const enforced = findings.enforce.filter(isViolation);
  const annotations = { ...annotationsOf(demand, faults, findings), outage: unchecked.map(outageLine) };
  const refusal = unchecked.length > 0 ? undefined : firstReason(enforced.filter(({ judgement }) => refuses(kind, judgement.verdict)));
  if (refusal !== undefined) {
    return { kind: "forbidden", reason: refusal, causes: enforced.map(causeOf), notes: strictReadings(faults), annotations };
  }
  const told = new Set(unchecked.map(findingLine));
  const lines = [...enforced, ...findings.warn.filter(isViolation)].map(findingLine).filter((line) => !told.has(line));
  const stale = [...findings.enforce, ...findings.warn].flatMap(staleLines);
  return { kind: "allow", reason: firstReason(unchecked) ?? "Admitted", warnings: [...new Set([...annotations.outage, ...lines, ...stale])], annotations };
}

/** An image that does not pass, or of which it could not be found out. */
export function isViolation({ judgement: { verdict } }: Finding): boolean {
  return verdict.kind === "untrusted" || verdict.kind === "undetermined";
}

function refuses(kind: WorkloadResource["kind"], verdict: Verdict): boolean {
  if (kind === "pod") return true;
  // A template's image may be a placeholder that a mutating webhook fills in when it makes the Pod.
  return verdict.kind === "untrusted" && verdict.reason !== "InvalidReference";
}

// The first untrusted image in field order, else the first undetermined one.
function firstReason(refused: readonly Finding[]): Reason | undefined {
  const verdicts = refused.map(({ judgement }) => judgement.verdict);
  return speakerOf(verdicts, ({ kind }) => kind)?.reason;
}

function causeOf(finding: Finding): Cause {
  return { reason: finding.judgement.verdict.reason, field: finding.use.field, message: findingLine(finding) };
}

function annotationsOf(demand: Demand, faults: readonly LabelFault[], findings: FindingsByMode): Annotations {
  const all = [...findings.enforce, ...findings.warn, ...findings.audit];
  const exempt = all.filter(({ judgement }) => judgement.verdict.kind === "exempt");
  return {
    "enforce-level": [demand.enforce],
    "audit-violations": findings.audit.filter(isViolation).map(findingLine),
    "warn-violations": findings.warn.filter(isViolation).map(findingLine),
    exempt: [...new Set(exempt.map(findingLine))],
    stale: [...new Set(all.flatMap(staleLines))],
    error: faults.map(labelFaultLine),
  };
}

// Who is refused for a label that somebody misspelt should hear of it.
function strictReadings(faults: readonly LabelFault[]): readonly string[] {
  return faults.map((fault) => `The namespace's ${labelFaultLine(fault)}.`);
}
