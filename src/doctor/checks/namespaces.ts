import { labelFaultLine, type LabelReading, readLabels, unknownLabelLine } from "../../admission/labels.ts";
import type { Config } from "../../config.ts";
import { advise, counted, type Finding, finding, listed } from "../finding.ts";
import { word } from "../patch.ts";
import type { PolicyState } from "../read/policy.ts";
import { whenSeen } from "../seen.ts";
import type { ClusterNamespace, Snapshot } from "../snapshot.ts";

/** What the labels of namespaces come to, by the configuration of the installation that reads them. */
export interface Reading {
  readonly config: Pick<Config, "defaults" | "exemptions">;
  /** The installation's own namespace, which is never judged. */
  readonly own: string;
  readonly namespaces: readonly ClusterNamespace[];
  readonly policies: Snapshot["policies"];
}

interface ReadNamespace extends LabelReading {
  readonly name: string;
}

export function checkNamespaces({ config, own, namespaces, policies }: Reading): readonly Finding[] {
  const read = namespaces.map(({ name, labels }): ReadNamespace => ({ name, ...readLabels(labels, config.defaults) }));
  const judged = read.filter(({ name }) => name !== "kube-system" && name !== own && !config.exemptions.namespaces.has(name));
  return [...read.flatMap(checkLabels), ...checkCoverage(judged), ...checkRehearsals(judged), ...whenSeen(policies, (all) => (all === "not-served" ? [] : [...checkVerified(judged, all), ...all.flatMap(checkPolicy)]))];
}

function checkLabels({ name, faults, unknown }: ReadNamespace): readonly Finding[] {
  const subject = { kind: "Namespace", name };
  return [
    ...faults.map((fault) => finding("LabelUnreadable", "broken", { subject, message: `${labelFaultLine(fault)}.`, remedy: advise("Write one of those values, or take the label off:", removal(name, fault.key)) })),
    ...unknown.map((key) => finding("LabelUnknown", "broken", { subject, message: `${unknownLabelLine(key)}.`, remedy: advise("Write the label that was meant, and take this one off:", removal(name, key)) })),
  ];
}

function removal(name: string, key: string): string {
  return `kubectl label namespace ${word(name)} ${word(`${key}-`)}`;
}

const CLUSTER: Finding["subject"] = { kind: "Cluster", name: "cluster" };

function checkCoverage(judged: readonly ReadNamespace[]): readonly Finding[] {
  const open = judged.filter(({ demand }) => [demand.enforce, demand.warn, demand.audit].every((level) => level === "none")).map(({ name }) => name);
  if (open.length === 0) return [];
  const [system, others] = [open.filter((name) => name.startsWith("kube-")), open.filter((name) => !name.startsWith("kube-"))];
  const parts = [...(others.length > 0 ? [`${counted(others.length, "namespace")} of ${judged.length} (${listed(others)})`] : []), ...(system.length > 0 ? [`${listed(system)} of the cluster's own`] : [])];
  const [first] = others;
  return [
    finding("NamespacesUncovered", "advice", {
      subject: CLUSTER,
      message: `No label and no default asks for anything in ${parts.join(", and in ")}: every image comes in, and nobody is told.`,
      remedy: advise("List them, and begin by watching; docs/rollout.md leads from there.", "kubectl get namespaces -l '!pratique.dev/enforce,!pratique.dev/warn,!pratique.dev/audit'", first && `kubectl label namespace ${word(first)} pratique.dev/warn=signed pratique.dev/audit=signed`),
    }),
  ];
}

function checkRehearsals(judged: readonly ReadNamespace[]): readonly Finding[] {
  const rehearsing = judged.filter(({ demand }) => demand.enforce === "none" && (demand.warn !== "none" || demand.audit !== "none")).map(({ name }) => name);
  if (rehearsing.length === 0) return [];
  return [
    finding("NamespacesRehearse", "advice", {
      subject: CLUSTER,
      message: `${counted(rehearsing.length, "namespace")} (${listed(rehearsing)}) ${rehearsing.length === 1 ? "warns or audits, and refuses" : "warn or audit, and refuse"} nothing.`,
      remedy: advise("See what would be refused, then enforce:", `kubectl label --dry-run=server namespace ${word(rehearsing[0] ?? "")} pratique.dev/enforce=signed`),
    }),
  ];
}

function checkVerified(judged: readonly ReadNamespace[], policies: readonly PolicyState[]): readonly Finding[] {
  const verified = judged.filter(({ demand }) => demand.enforce === "verified").map(({ name }) => name);
  if (verified.length === 0 || policies.some(({ kind }) => kind === "ClusterTrustPolicy")) return [];
  return [
    finding("VerifiedWithoutPolicy", "broken", {
      subject: CLUSTER,
      message: `${listed(verified)} ${verified.length === 1 ? "enforces" : "enforce"} \`verified\`, and there is no ClusterTrustPolicy: every image is refused as NoPolicy.`,
      remedy: advise("Write a policy (docs/policy.md), or ask for `signed` meanwhile:", `kubectl label --overwrite namespace ${verified.map(word).join(" ")} pratique.dev/enforce=signed`),
    }),
  ];
}

function checkPolicy({ kind, namespace, name, ready, message }: PolicyState): readonly Finding[] {
  if (ready === "True") return [];
  const why = ready === "NotLookedAt" ? "No replica of Pratique has looked at it yet" : `It is not in force: ${message}`;
  const scope = namespace === "" ? "" : ` -n ${word(namespace)}`;
  return [
    finding("PolicyNotReady", "broken", {
      subject: { kind, namespace: namespace || undefined, name },
      message: `${why}. Every image that it governs is refused meanwhile.`,
      remedy: advise("Correct the policy, or the Secret that it names:", `kubectl get ${kind.toLowerCase()}${scope} ${word(name)} -o yaml`),
    }),
  ];
}
