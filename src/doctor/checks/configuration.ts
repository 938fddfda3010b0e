import type { Config } from "../../config.ts";
import { readLabels } from "../../admission/labels.ts";
import { advise, type Finding, finding, listed } from "../finding.ts";
import { word } from "../patch.ts";
import { whenSeen } from "../seen.ts";
import type { ClusterNamespace, Installation, Settings } from "../snapshot.ts";

/** What the configuration lets through, and whether it is in force. */
export function checkConfiguration(installation: Installation, namespaces: readonly ClusterNamespace[]): readonly Finding[] {
  const { namespace } = installation;
  return whenSeen(installation.settings, (settings) => {
    const part = { kind: "ConfigMap", namespace, name: settings.configMap };
    switch (settings.kind) {
      case "absent":
        return installation.deployment.kind === "seen" && installation.deployment.value === undefined ? [] : [finding("ConfigurationMissing", "broken", { subject: part, message: "The Deployment mounts it, and it is not there, or has no pratique.yaml: no new Pod of Pratique starts.", remedy: advise("Apply the chart again.") })];
      case "invalid":
        return [finding("ConfigurationInvalid", "broken", { subject: part, message: `No new Pod of Pratique starts with it: ${settings.message}`, remedy: advise("Correct `config` in the values and upgrade the release; docs/configuration.md has every field.") })];
      case "parsed":
        return [...checkAge(installation, settings), ...checkSettings({ config: settings.config, installation, namespaces, subject: (field) => ({ ...part, part: field }) })];
    }
  });
}

// A configuration is read at start. The same text may have been written anew since.
function checkAge({ pods, namespace, name }: Installation, { changedAt, checksum, configMap }: Extract<Settings, { kind: "parsed" }>): readonly Finding[] {
  return whenSeen(pods, (all) => {
    const older = all.filter(({ startedAt, configChecksum }) => configChecksum !== checksum && startedAt !== undefined && changedAt !== undefined && startedAt < changedAt);
    if (older.length === 0) return [];
    return [
      finding("ConfigurationNewer", "broken", {
        subject: { kind: "ConfigMap", namespace, name: configMap },
        message: `It was changed after ${listed(older.map(({ name }) => name), 2)} started, and is read at start alone: what it says is not what holds.`,
        remedy: advise("Start the Pods again, one after another.", `kubectl rollout restart deployment -n ${word(namespace)} ${word(name)}`),
      }),
    ];
  });
}

interface Parts {
  readonly config: Config;
  readonly installation: Installation;
  readonly namespaces: readonly ClusterNamespace[];
  readonly subject: (field: string) => Finding["subject"];
}

function checkSettings(parts: Parts): readonly Finding[] {
  return [...checkRepositories(parts), ...checkExemptImages(parts), ...checkSystemNamespaces(parts), ...checkOutage(parts), ...checkAddresses(parts)];
}

function upgrade({ installation: { release, namespace } }: Parts, setting: string): string {
  return `helm upgrade ${word(release)} charts/pratique -n ${word(namespace)} --reuse-values --set ${word(setting)}`;
}

function checkRepositories(parts: Parts): readonly Finding[] {
  const open = parts.config.signed.repositories.filter(({ name, target }) => name.startsWith("*") && target === undefined);
  if (open.length === 0) return [];
  const relying = parts.namespaces.filter(({ labels }) => readLabels(labels, parts.config.defaults).demand.enforce === "signed").map(({ name }) => name);
  const meaning = "A signature counts in every repository, and the author of a Pod chooses the repository: anybody can satisfy `signed` from a registry of their own";
  return [
    finding("AnyRepository", relying.length > 0 ? "danger" : "advice", {
      subject: parts.subject("signed.repositories"),
      message: `It has ${listed(open.map(({ text }) => `\`${text}\``))}. ${meaning}${relying.length > 0 ? `; ${listed(relying)} ${relying.length === 1 ? "relies" : "rely"} on it` : ""}.`,
      remedy: advise("Name the repositories that only people you trust may push to, such as:", upgrade(parts, "config.signed.repositories={registry.example.com/shop/**}")),
    }),
  ];
}

function checkExemptImages(parts: Parts): readonly Finding[] {
  const open = parts.config.exemptions.images.filter(({ name }) => name.startsWith("*"));
  if (open.length === 0) return [];
  return [
    finding("AnyImageExempt", "danger", {
      subject: parts.subject("exemptions.images"),
      message: `${listed(open.map(({ text }) => `\`${text}\``))} exempts images of any registry, and the author of a Pod chooses the registry.`,
      remedy: advise("Name registry and repository of what is to be exempt, as in registry.example.com/tools/debug:*."),
    }),
  ];
}

/** Where a cluster's own Pods are, by the names that distributions and their makers give. kube-system is left out by the chart. */
const SYSTEM = /^(kube-|openshift-|calico-|tigera-|cilium|gke-|gmp-|aks-|amazon-|istio-system$|cert-manager$|metallb-system$|rook-ceph$|longhorn-system$)/;

function checkSystemNamespaces(parts: Parts): readonly Finding[] {
  const { config, namespaces } = parts;
  if (config.defaults.enforce === "none") return [];
  const caught = namespaces.filter(({ name, labels }) => SYSTEM.test(name) && name !== "kube-system" && !config.exemptions.namespaces.has(name) && labels.get("pratique.dev/enforce") === undefined).map(({ name }) => name);
  const relevant = caught.filter((name) => !EMPTY.has(name));
  if (relevant.length === 0) return [];
  return [
    finding("SystemNamespacesEnforced", "danger", {
      subject: parts.subject("defaults.enforce"),
      message: `Every namespace enforces, ${listed(relevant)} too: what the cluster runs on does not start there while Pratique does not answer, and Pratique may need it to start.`,
      remedy: advise("Exempt what the cluster cannot do without:", upgrade(parts, `config.exemptions.namespaces={${[...config.exemptions.namespaces, ...relevant].join(",")}}`)),
    }),
  ];
}

/** No Pod runs there. */
const EMPTY: ReadonlySet<string> = new Set(["kube-public", "kube-node-lease"]);

function checkOutage(parts: Parts): readonly Finding[] {
  const { config, namespaces } = parts;
  const hosts = config.registries.filter(({ onOutage }) => onOutage === "allow").map(({ host }) => host);
  if (hosts.length === 0) return [];
  const isDefault = config.defaults.onOutage === "allow";
  const opened = namespaces.filter(({ labels }) => labels.get("pratique.dev/on-outage") === "allow").map(({ name }) => name);
  if (!isDefault && opened.length === 0) return [];
  return [
    finding("OutageAdmits", isDefault ? "danger" : "advice", {
      subject: parts.subject(isDefault ? "defaults.onOutage" : "registries[].onOutage"),
      message: `While ${listed(hosts)} cannot be reached, its images come unchecked into ${isDefault ? "every namespace that does not say otherwise" : listed(opened)}. Who can keep Pratique from reaching it can let images in.`,
      remedy: isDefault ? advise("Let the namespaces that need it say so by their label:", upgrade(parts, "config.defaults.onOutage=deny")) : advise("Keep it where an outage of the registry is worse than an unchecked image; docs/outages.md has the trade-off."),
    }),
  ];
}

function checkAddresses(parts: Parts): readonly Finding[] {
  if (parts.config.privateAddresses === "configured") return [];
  return [
    finding("PrivateAddresses", "advice", {
      subject: parts.subject("privateAddresses"),
      message: "Any registry may have a private address, so the author of a Pod can have Pratique ask addresses inside your network.",
      remedy: advise("Give the registries inside `allowPrivate: true`, and no other:", upgrade(parts, "config.privateAddresses=configured")),
    }),
  ];
}
