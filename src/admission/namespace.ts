import { field, isObject, objectField } from "../json.ts";
import { type Decision, refuseFor } from "./decision.ts";
import { exemptNamespaceLine } from "./exemption.ts";
import { type Demand, type LabelFault, type LabelReading, labelFaultLine, readLabels, unknownLabelLine } from "./labels.ts";
import type { Limit } from "./limit.ts";
import type { AdmissionPorts, LabelMap } from "./ports.ts";
import { rehearse } from "./rehearsal.ts";
import type { Review } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";

/**
 * Admits a namespace that is created or changed (design, section 2). A bad value is refused unless it was there before;
 * whoever changes what is enforced hears which running Pods would now be refused.
 */
export async function admitNamespace(review: Review, limit: Limit, ports: AdmissionPorts, settings: AdmissionSettings): Promise<Decision> {
  const labels = labelsOf(review.object);
  if (labels === undefined) return refuseFor({ reason: "InvalidRequest", field: "metadata.labels", message: "the namespace's labels cannot be decoded" });
  const oldLabels = (review.operation === "UPDATE" ? labelsOf(review.oldObject) : undefined) ?? new Map<string, string>();
  const reading = readLabels(labels, settings.defaults);
  const faults = reading.faults.filter(({ key, value }) => oldLabels.get(key) !== value);
  if (faults.length > 0) return refuseLabels(faults);

  const old = readLabels(oldLabels, settings.defaults).demand;
  const isExempt = settings.exemptions.namespaces.has(review.name);
  const warnings = remarks(review.name, reading, isExempt);
  if (review.operation === "UPDATE" && !isExempt && asksForMore(old, reading.demand)) {
    warnings.push(...(await rehearse({ uid: review.uid, namespace: review.name, demand: reading.demand, limit }, ports, settings)));
  }
  return { kind: "allow", reason: "Admitted", warnings, annotations: { error: reading.faults.map(labelFaultLine) } };
}

function remarks(namespace: string, { faults, unknown, isLabelled }: LabelReading, isExempt: boolean): string[] {
  const lines = [...unknown.map(unknownLabelLine), ...faults.map(labelFaultLine)];
  if (isExempt && isLabelled) lines.push(`${exemptNamespaceLine(namespace)}, so its labels have no effect`);
  return lines;
}

function refuseLabels(faults: readonly LabelFault[]): Decision {
  const causes = faults.map(({ field, message }) => ({ reason: "InvalidLabel" as const, field, message }));
  return { kind: "invalid", reason: "InvalidLabel", causes, notes: [], annotations: { error: faults.map(({ field, message }) => `${field}: ${message}`) } };
}

// Where nothing is enforced, no Pod would be refused.
function asksForMore(old: Demand, now: Demand): boolean {
  if (now.enforce === "none") return false;
  return old.enforce !== now.enforce || old.index !== now.index || old.requireDigest !== now.requireDigest;
}

// Undefined when they are not what Kubernetes' labels are: a value that is passed over would be read as a default.
function labelsOf(namespace: unknown): LabelMap | undefined {
  if (!isObject(namespace)) return undefined;
  const labels = field(objectField(namespace, "metadata") ?? {}, "labels") ?? {};
  if (!isObject(labels)) return undefined;
  const entries = Object.entries(labels);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string") ? new Map(entries) : undefined;
}
