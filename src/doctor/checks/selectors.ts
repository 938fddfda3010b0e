import { readLabels } from "../../admission/labels.ts";
import { advise, type Finding, finding, listed } from "../finding.ts";
import { type LabelSelector, requirementText, selects } from "../label-selector.ts";
import { patchEntry, selectorObject } from "../patch.ts";
import { METADATA_NAME, type Selection } from "../shipped-entries.ts";
import type { ClusterNamespace } from "../snapshot.ts";
import { type ComparedEntry, severityOf, subjectOf } from "./entries.ts";

const OURS = "pratique.dev/";
const MODES = ["enforce", "warn", "audit"];
const VALUES = [undefined, "none", "signed", "verified", "misspelt"];
/** A name that no selector can have been written for. */
const ANY_NAME = "any-namespace";

/** Whether an entry is called for the namespaces that it is there for. What it does not depend on was said to be narrow already. */
export function checkSelector(compared: ComparedEntry, selection: Selection, namespaces: readonly ClusterNamespace[]): readonly Finding[] {
  const { entry, shipped } = compared;
  const narrowing = narrowed(entry.namespaceSelector, shipped.namespaceSelector);
  return [
    ...checkItself(compared, selection),
    ...(narrowing.length > 0 ? [narrowedFinding(compared, narrowing, missed(compared, selection, namespaces))] : []),
    ...checkStep(compared, [ANY_NAME, ...selection.config.exemptions.namespaces]),
  ];
}

// Requirements on labels that are not ours, and on names that the chart does not leave out.
function narrowed(given: LabelSelector, shipped: LabelSelector): readonly string[] {
  const known = new Set(shipped.flatMap(({ key, values }) => (key === METADATA_NAME ? values : [])));
  return given.flatMap((requirement) => {
    const { key, operator, values } = requirement;
    if (key.startsWith(OURS)) return [];
    if (key !== METADATA_NAME || operator !== "NotIn") return [requirementText(requirement)];
    const extra = values.filter((name) => !known.has(name));
    return extra.length === 0 ? [] : [requirementText({ key, operator, values: extra })];
  });
}

function missed({ entry }: ComparedEntry, { config, namespace }: Selection, namespaces: readonly ClusterNamespace[]): readonly string[] {
  const asking = namespaces.filter(({ name, labels }) => name !== "kube-system" && name !== namespace && !config.exemptions.namespaces.has(name) && readLabels(labels, config.defaults).demand.enforce !== "none");
  return asking.filter(({ name, labels }) => !selects(entry.namespaceSelector, new Map([...labels, [METADATA_NAME, name]]))).map(({ name }) => name);
}

function narrowedFinding({ configuration, entry, shipped }: ComparedEntry, narrowing: readonly string[], missed: readonly string[]): Finding {
  const now = shipped.entry === "enforce" && missed.length > 0 ? ` Now it is not called for ${listed(missed)}, which should enforce.` : "";
  return finding("SelectorNarrowed", severityOf(shipped.entry), {
    subject: subjectOf(configuration, entry.name),
    message: `The namespace selector asks for more than the labels of Pratique, so whoever labels a namespace accordingly is not judged: ${narrowing.join(", ")}.${now}`,
    remedy: advise("Write the selector of the chart. On AKS, where the admissions enforcer adds its own, annotate the configuration with admissions.enforcer/disabled=true first.", rewrite({ configuration, entry, shipped })),
  });
}

// Waiting for itself, or keeping the cluster's own Pods waiting for it, is a lock that nobody opens from inside.
function checkItself({ configuration, entry, shipped }: ComparedEntry, { namespace }: Selection): readonly Finding[] {
  if (shipped.entry !== "enforce") return [];
  const judged = ["kube-system", namespace].filter((name) => selects(ours(entry.namespaceSelector), new Map([["pratique.dev/enforce", "signed"], [METADATA_NAME, name]])));
  if (judged.length === 0) return [];
  return [
    finding("JudgesItself", "danger", {
      subject: subjectOf(configuration, entry.name),
      message: `Where ${listed(judged)} enforces, no Pod starts there while Pratique does not answer: neither its own nor those that the cluster runs on.`,
      remedy: advise("Write the selector of the chart, which leaves them out by name.", rewrite({ configuration, entry, shipped })),
    }),
  ];
}

function checkStep({ configuration, entry, shipped }: ComparedEntry, names: readonly string[]): readonly Finding[] {
  const given = ours(entry.namespaceSelector);
  const wrong = names.flatMap(labelSets).flatMap((labels) => {
    const [wanted, is] = [selects(shipped.namespaceSelector, labels), selects(given, labels)];
    return wanted === is ? [] : [{ labels, isMissed: wanted }];
  });
  const example = wrong.find(({ isMissed }) => isMissed) ?? wrong[0];
  if (example === undefined) return [];
  const severity = example.isMissed ? severityOf(shipped.entry) : "broken";
  return [
    finding("SelectorOutOfStep", severity, {
      subject: subjectOf(configuration, entry.name),
      message: `The selector does not follow the labels and \`defaults\` of the configuration: the entry is ${example.isMissed ? "not called" : "called"} for ${namespaceText(example.labels)}, and should${example.isMissed ? "" : " not"} be.`,
      remedy: advise("Write the selector of the chart for this configuration.", rewrite({ configuration, entry, shipped })),
    }),
  ];
}

// What was found to narrow is left out, so that one mistake is one finding.
function ours(selector: LabelSelector): LabelSelector {
  return selector.filter(({ key, operator }) => key.startsWith(OURS) || (key === METADATA_NAME && operator === "NotIn"));
}

function rewrite({ configuration, entry, shipped }: ComparedEntry): string {
  return patchEntry(configuration, entry, [{ field: "namespaceSelector", value: selectorObject(shipped.namespaceSelector) }]);
}

/** Every combination of what the labels of the three modes may say. */
function labelSets(name: string): readonly ReadonlyMap<string, string>[] {
  const combine = (sets: readonly ReadonlyMap<string, string>[], mode: string): readonly ReadonlyMap<string, string>[] =>
    sets.flatMap((set) => VALUES.map((value) => (value === undefined ? set : new Map([...set, [`${OURS}${mode}`, value]]))));
  return MODES.reduce(combine, [new Map([[METADATA_NAME, name]])]);
}

function namespaceText(labels: ReadonlyMap<string, string>): string {
  const name = labels.get(METADATA_NAME);
  const texts = [...labels].filter(([key]) => key.startsWith(OURS)).map(([key, value]) => `${key}=${value}`);
  return `${name === ANY_NAME ? "a namespace" : `namespace ${name}`} with ${texts.length === 0 ? "no label of ours" : listed(texts)}`;
}
