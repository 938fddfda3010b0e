import type { Entry } from "../../admission/entry.ts";
import { advise, type Finding, finding, listed } from "../finding.ts";
import { patchEntry } from "../patch.ts";
import type { Rule, WebhookConfiguration, WebhookEntry } from "../read/webhook-configuration.ts";
import type { ShippedEntry } from "../shipped-entries.ts";
import type { Installation } from "../snapshot.ts";
import { entryName } from "../trial.ts";

/** One entry as it is and as the chart has it. */
export interface ComparedEntry {
  readonly configuration: WebhookConfiguration;
  readonly entry: WebhookEntry;
  readonly shipped: ShippedEntry;
}

/** The gate alone keeps anything out; the other entries tell, and refuse what nobody can read. */
export function severityOf(entry: Entry): "danger" | "broken" {
  return entry === "enforce" ? "danger" : "broken";
}

export function subjectOf(configuration: WebhookConfiguration, part: string): Finding["subject"] {
  return { kind: "ValidatingWebhookConfiguration", name: configuration.name, part };
}

/** Entries that are not there. */
export function checkMissingEntries({ release, namespace }: Installation, configuration: WebhookConfiguration, shipped: readonly ShippedEntry[]): readonly Finding[] {
  const missing = shipped.filter(({ entry }) => !configuration.webhooks.some(({ name }) => name === entryName(entry)));
  return missing.map(({ entry }) =>
    finding("EntryMissing", severityOf(entry), {
      subject: subjectOf(configuration, entryName(entry)),
      message: `The entry is not there: ${WITHOUT[entry]}.`,
      remedy: advise("Apply the chart again.", `helm upgrade ${release} charts/pratique -n ${namespace} --reuse-values`),
    }),
  );
}

const WITHOUT: Readonly<Record<Entry, string>> = {
  enforce: "every Pod is admitted unjudged, whatever its namespace enforces",
  templates: "whoever applies a Deployment hears nothing, and only its Pods are refused",
  "observe-warn": "namespaces that warn do not",
  "observe-audit": "namespaces that audit do not",
  namespaces: "labels that nobody can read are not refused when they are written",
  policies: "policies that nobody can read are not refused when they are written",
};

/** How an entry is called, and for what. */
export function checkEntry(compared: ComparedEntry): readonly Finding[] {
  return [...checkFailurePolicy(compared), ...checkRules(compared), ...checkMatching(compared), ...checkPath(compared)];
}

function checkFailurePolicy({ configuration, entry, shipped }: ComparedEntry): readonly Finding[] {
  if (shipped.failurePolicy !== "Fail" || entry.failurePolicy === "Fail") return [];
  return [
    finding("FailsOpen", "danger", {
      subject: subjectOf(configuration, entry.name),
      message: `failurePolicy is ${entry.failurePolicy}: while Pratique does not answer, every Pod comes into an enforcing namespace unjudged.`,
      remedy: advise("Let the entry fail closed.", patchEntry(configuration, entry, [{ field: "failurePolicy", value: "Fail" }])),
    }),
  ];
}

function checkRules({ configuration, entry, shipped }: ComparedEntry): readonly Finding[] {
  const missing = shipped.rules.flatMap((rule) => rule.resources.flatMap((resource) => rule.operations.filter((operation) => !entry.rules.some((given) => covers(given, rule, resource, operation))).map((operation) => `${operation} of ${resource}`)));
  if (missing.length === 0) return [];
  return [
    finding("RuleMissing", severityOf(shipped.entry), {
      subject: subjectOf(configuration, entry.name),
      message: `No rule matches ${listed(missing, 6)}: that goes by without this entry.`,
      remedy: advise("Write the rules of the chart.", patchEntry(configuration, entry, [{ field: "rules", value: shipped.rules }])),
    }),
  ];
}

// A rule names "*" for everything, `pods/*` for every subresource, and `*/scale` for one of every resource.
function covers(given: Rule, { apiGroups: [group = ""], apiVersions: [version = ""], scope }: Rule, resource: string, operation: string): boolean {
  const has = (values: readonly string[], value: string): boolean => values.includes(value) || values.includes("*");
  const [name = "", subresource] = resource.split("/");
  const patterns = subresource === undefined ? [name, "*", "*/*"] : [resource, `${name}/*`, `*/${subresource}`, "*/*"];
  const isScoped = given.scope === "*" || given.scope === scope;
  return isScoped && has(given.apiGroups, group) && has(given.apiVersions, version) && has(given.operations, operation) && patterns.some((pattern) => given.resources.includes(pattern));
}

function checkMatching({ configuration, entry, shipped }: ComparedEntry): readonly Finding[] {
  const severity = severityOf(shipped.entry);
  const subject = subjectOf(configuration, entry.name);
  const findings: Finding[] = [];
  if (entry.matchPolicy !== "Equivalent") {
    findings.push(
      finding("MatchesExactly", severity, {
        subject,
        message: `matchPolicy is ${entry.matchPolicy}: what is written through another version of the API goes by without this entry.`,
        remedy: advise("Match equivalent requests too.", patchEntry(configuration, entry, [{ field: "matchPolicy", value: "Equivalent" }])),
      }),
    );
  }
  if (entry.matchConditions.length > 0) {
    findings.push(
      finding("MatchConditions", severity, {
        subject,
        message: `The entry is called only where this holds, and other requests go by: ${listed(entry.matchConditions, 2)}.`,
        remedy: advise("Take the conditions away, or know whom they let through.", patchEntry(configuration, entry, [{ field: "matchConditions", remove: true }])),
      }),
    );
  }
  if (entry.objectSelector.length > 0) {
    findings.push(
      finding("ObjectSelector", severity, {
        subject,
        message: "The entry is called for objects with certain labels alone, and whoever writes an object writes its labels.",
        remedy: advise("Select every object.", patchEntry(configuration, entry, [{ field: "objectSelector", value: {} }])),
      }),
    );
  }
  return findings;
}

function checkPath({ configuration, entry, shipped }: ComparedEntry): readonly Finding[] {
  const path = `/validate/${shipped.entry}`;
  if (entry.target.path === path) return [];
  const field = entry.target.kind === "service" ? "clientConfig/service/path" : undefined;
  return [
    finding("WrongPath", severityOf(shipped.entry), {
      subject: subjectOf(configuration, entry.name),
      message: `The API server posts to ${entry.target.path}, where another question is answered.`,
      remedy: advise(`Post to ${path}.`, field && patchEntry(configuration, entry, [{ field, value: path }])),
    }),
  ];
}
