import { readLabels } from "../../admission/labels.ts";
import { advise, type Finding, finding, listed } from "../finding.ts";
import { NOTHING } from "../nothing.ts";
import { whenSeen } from "../seen.ts";
import type { ClusterNamespace, Installation, Snapshot } from "../snapshot.ts";

/** What of an installation is there at all. */
export function checkPresence({ installations, configurations, deployments, namespaces, policies }: Snapshot): readonly Finding[] {
  const labelled = namespaces.kind === "seen" ? enforcing(namespaces.value) : [];
  // Nothing was found where nobody could look.
  if (installations.length === 0) return [configurations, deployments].some(({ kind }) => kind === "unseen") ? [] : [notInstalled(labelled)];
  return [...installations.flatMap((installation) => checkParts(installation, configurations, labelled)), ...checkSeveral(installations), ...checkDefinitions(installations, policies)];
}

function enforcing(namespaces: readonly ClusterNamespace[]): readonly string[] {
  return namespaces.filter(({ labels }) => readLabels(labels, NOTHING).demand.enforce !== "none").map(({ name }) => name);
}

function notInstalled(labelled: readonly string[]): Finding {
  const message = labelled.length === 0 ? "There is no webhook configuration of Pratique, and no Deployment of it." : `There is no webhook configuration of Pratique, so every image comes into ${listed(labelled)}, whatever the labels say.`;
  return finding("NotInstalled", labelled.length === 0 ? "broken" : "danger", {
    subject: { kind: "Cluster", name: "cluster" },
    message,
    remedy: advise("Install the chart.", "helm install pratique charts/pratique -n pratique-system --create-namespace"),
  });
}

function checkParts({ name, namespace, release, configuration, deployment }: Installation, configurations: Snapshot["configurations"], labelled: readonly string[]): readonly Finding[] {
  const upgrade = `helm upgrade ${release} charts/pratique -n ${namespace} --reuse-values`;
  if (configuration === undefined) {
    if (configurations.kind === "unseen") return [];
    return [
      finding("WebhooksMissing", "danger", {
        subject: { kind: "Deployment", namespace, name },
        message: `There is no webhook configuration that calls it, so nothing is judged${labelled.length === 0 ? "" : `, and every image comes into ${listed(labelled)}`}.`,
        remedy: advise("Apply the chart again.", upgrade),
      }),
    ];
  }
  return whenSeen(deployment, (value) => {
    if (value !== undefined) return [];
    const remedy = advise("Apply the chart again; or, where Pratique is to go, take away what is left of it:", upgrade, `kubectl delete validatingwebhookconfiguration ${configuration.name}`);
    return [
      finding("DeploymentMissing", "broken", {
        subject: { kind: "ValidatingWebhookConfiguration", name: configuration.name },
        message: `There is no Deployment ${namespace}/${name} behind it: no Pod starts in a namespace that enforces${labelled.length === 0 ? "" : ` (${listed(labelled)})`}.`,
        remedy,
      }),
    ];
  });
}

function checkDefinitions([first]: readonly Installation[], policies: Snapshot["policies"]): readonly Finding[] {
  if (first === undefined || policies.kind === "unseen" || policies.value !== "not-served") return [];
  return [
    finding("DefinitionsMissing", "broken", {
      subject: { kind: "CustomResourceDefinition", name: "clustertrustpolicies.pratique.dev" },
      message: "The API server knows no trust policies: nobody can write one, and a namespace that enforces `verified` refuses every image as PoliciesUnknown.",
      remedy: advise("Have the chart install the definitions:", `helm upgrade ${first.release} charts/pratique -n ${first.namespace} --reuse-values --set crds.install=true`),
    }),
  ];
}

function checkSeveral(installations: readonly Installation[]): readonly Finding[] {
  const [first, ...others] = installations;
  if (first === undefined || others.length === 0) return [];
  return [
    finding("SeveralInstallations", "advice", {
      subject: { kind: "Cluster", name: "cluster" },
      message: `There are ${installations.length}, which read the same labels and judge every Pod each for itself: ${listed(installations.map(({ namespace, name }) => `${namespace}/${name}`))}.`,
      remedy: advise("Keep one. Uninstalling the other takes its webhooks away first:", ...others.map(({ namespace, release }) => `helm uninstall ${release} -n ${namespace}`)),
    }),
  ];
}
