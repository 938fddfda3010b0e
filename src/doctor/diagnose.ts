import { checkAnswers } from "./checks/answers.ts";
import { checkCertificates } from "./checks/certificates.ts";
import { checkConfiguration } from "./checks/configuration.ts";
import { checkEntry, checkMissingEntries } from "./checks/entries.ts";
import { checkLabelProtection } from "./checks/label-protection.ts";
import { checkNamespaces } from "./checks/namespaces.ts";
import { checkPresence } from "./checks/presence.ts";
import { checkReplicas } from "./checks/replicas.ts";
import { checkSelector } from "./checks/selectors.ts";
import { checkService } from "./checks/service.ts";
import { checkServerVersion } from "./checks/server-version.ts";
import { checkTimeout } from "./checks/timeouts.ts";
import type { Config } from "../config.ts";
import { NOTHING } from "./nothing.ts";
import { type Finding, inOrder } from "./finding.ts";
import { type Reliance, relianceOn } from "./reliance.ts";
import type { Seen } from "./seen.ts";
import { type Selection, shippedEntries } from "./shipped-entries.ts";
import type { ClusterNamespace, Installation, Snapshot } from "./snapshot.ts";
import { entryName } from "./trial.ts";

/** What is wrong with an installation, and what nobody could look at. */
export interface Diagnosis {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** Each a line for a person. What is here may be wrong in any way. */
  readonly unseen: readonly string[];
}

/** Everything that can be concluded from one look. */
export function diagnose(snapshot: Snapshot): Diagnosis {
  const reliance = relianceOn(snapshot);
  const findings = [
    ...checkPresence(snapshot),
    ...snapshot.installations.flatMap((installation) => diagnoseInstallation(installation, snapshot, reliance)),
    ...checkLabelProtection(snapshot, reliance),
    ...checkServerVersion(snapshot.serverVersion),
  ];
  return { findings: inOrder(distinct(findings)), unseen: unseenOf(snapshot) };
}

function diagnoseInstallation(installation: Installation, snapshot: Snapshot, reliance: Reliance): readonly Finding[] {
  const namespaces = snapshot.namespaces.kind === "seen" ? snapshot.namespaces.value : [];
  const selection = selectionOf(installation);
  return [
    ...checkAnswers(installation),
    ...diagnoseEntries(installation, selection, namespaces),
    ...checkService(installation),
    ...checkCertificates(installation, snapshot.now),
    ...checkReplicas(installation, snapshot, reliance),
    ...checkConfiguration(installation, namespaces),
    ...(selection === undefined ? [] : checkNamespaces({ config: selection.config, own: installation.namespace, namespaces, policies: snapshot.policies })),
  ];
}

function diagnoseEntries(installation: Installation, selection: KnownSelection | undefined, namespaces: readonly ClusterNamespace[]): readonly Finding[] {
  const { configuration } = installation;
  if (configuration === undefined) return [];
  const shipped = shippedEntries(selection ?? { config: NO_CONFIG, namespace: installation.namespace });
  const compared = shipped.flatMap((each) => configuration.webhooks.filter(({ name }) => name === entryName(each.entry)).map((entry) => ({ configuration, entry, shipped: each })));
  return [
    ...checkMissingEntries(installation, configuration, shipped),
    ...compared.flatMap(checkEntry),
    ...(selection === undefined ? [] : compared.flatMap((each) => checkTimeout(each, selection.config).concat(checkSelector(each, selection, namespaces)))),
  ];
}

/** A selection by a configuration that was read: without one, nobody knows what the selectors should be. */
interface KnownSelection extends Selection {
  readonly config: Config;
}

function selectionOf({ settings, namespace }: Installation): KnownSelection | undefined {
  return settings.kind === "seen" && settings.value.kind === "parsed" ? { config: settings.value.config, namespace } : undefined;
}

// For what the chart writes whatever the configuration is: rules and how an entry fails.
const NO_CONFIG: Selection["config"] = { defaults: NOTHING, exemptions: { namespaces: new Set(), images: [] } };

function unseenOf(snapshot: Snapshot): readonly string[] {
  const { serverVersion, configurations, deployments, namespaces, policies, nodes, labelPolicies, editors, labellers } = snapshot;
  const shared: readonly Seen<unknown>[] = [serverVersion, configurations, deployments, namespaces, policies, nodes, labelPolicies, editors, labellers];
  const own = snapshot.installations.flatMap(({ deployment, pods, budgets, autoscalers, service, settings, certificate }): readonly Seen<unknown>[] => [deployment, pods, budgets, autoscalers, service, settings, certificate]);
  const replies = snapshot.installations.flatMap(({ replies }) => replies.flatMap(({ entry, reply }) => (reply.kind === "unasked" ? [`whether ${entryName(entry)} answers: ${reply.why}`] : [])));
  return [...new Set([...[...shared, ...own].flatMap((state) => (state.kind === "unseen" ? [state.why] : [])), ...replies])];
}

// Two installations read the same namespaces and policies.
function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((each) => [JSON.stringify(each), each])).values()];
}
