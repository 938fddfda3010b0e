import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { ConfigSchema } from "../../src/config/schema.ts";
import { ALERTS, RUNBOOK } from "../monitoring/alerts.ts";

function group<Fields extends TProperties>(description: string, fields: Fields) {
  return Type.Object(fields, { description, default: {}, additionalProperties: false });
}

function list<Item extends TSchema>(item: Item, description: string) {
  return Type.Array(item, { description, default: [] as Static<Item>[] });
}

const text = (description: string, value = "") => Type.String({ description, default: value });
/** What Kubernetes defines is its API server's to check. */
const asInKubernetes = (description: string, value: object = {}) => Type.Object({}, { description, default: value });
const kubernetesObjects = (description: string) => list(Type.Object({}), description);
const objectName = Type.Object({ name: Type.String({ description: "Name of the Secret." }) }, { additionalProperties: false });

/** By the alert's name, what is otherwise than in the chart's alerts.yaml. */
function alertChanges() {
  const duration = (description: string) => Type.String({ description, pattern: "^([0-9]+(ms|[smhdwy]))+$" });
  const change = Type.Partial(
    Type.Object({
      enabled: Type.Boolean({ description: "Whether there is this alert." }),
      threshold: Type.Number({ description: "What its expression compares with." }),
      window: duration("How far its expression looks back."),
      for: duration("How long it must hold before the alert fires."),
      severity: Type.String({ description: "Its label `severity`." }),
    }),
    { additionalProperties: false },
  );
  return Type.Record(Type.String({ pattern: `^(${ALERTS.map(({ alert }) => alert).join("|")})$` }), change, {
    description: "What is otherwise than in docs/operations.md, by the alert's name: `enabled`, `threshold`, `window`, `for`, `severity`.",
    default: {},
    additionalProperties: false,
  });
}

/** Every value of the chart: types, defaults and what they mean. */
export const ChartValuesSchema = Type.Object(
  {
    image: group("The image of Pratique.", {
      repository: text("Repository of the image.", "ghcr.io/pratique-dev/pratique"),
      tag: text("Tag of the image. Empty: the chart's `appVersion`."),
      digest: text("Digest of the image (`sha256:...`). It wins over the tag."),
      pullPolicy: Type.Enum(["Always", "IfNotPresent", "Never"], { description: "When the kubelet pulls the image.", default: "IfNotPresent" }),
    }),
    imagePullSecrets: list(objectName, "Pull secrets for the image of Pratique itself."),
    replicas: Type.Integer({ description: "How many Pods answer the API server.", default: 2, minimum: 1 }),
    resources: asInKubernetes("Requests and limits of the container.", { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "384Mi" } }),
    nodeSelector: asInKubernetes("Node labels that the Pods need."),
    tolerations: kubernetesObjects("Taints that the Pods tolerate."),
    affinity: asInKubernetes("Affinity of the Pods. They are spread over the nodes in any case."),
    priorityClassName: text("Priority class of the Pods."),
    podDisruptionBudget: group("Keeps evictions from stopping every Pod at once.", {
      enabled: Type.Boolean({ description: "Whether there is one, with `maxUnavailable: 1`.", default: true }),
    }),
    crds: group("The definitions of ClusterTrustPolicy and TrustPolicy. They, and the policies, stay when the release is uninstalled.", {
      install: Type.Boolean({ description: "Whether the release installs and upgrades them.", default: true }),
    }),
    certificate: group("The certificate that the webhook shows to the API server.", {
      mode: Type.Enum(["managed", "secret", "cert-manager"], {
        description: "`managed`: made and renewed by Pratique itself. `secret`: from a Secret that exists. `cert-manager`: made and renewed by cert-manager.",
        default: "managed",
      }),
      secretName: text("Mode `secret`: the Secret (`kubernetes.io/tls`), in the release's namespace. Its certificate is for `<service>.<namespace>.svc`."),
      caBundle: text("Mode `secret`: the CA certificate that it was signed with, as PEM (`--set-file certificate.caBundle=ca.crt`)."),
      issuerRef: group("Mode `cert-manager`: who signs. Without a name, the chart makes a CA of its own.", {
        name: text("Name of the issuer."),
        kind: Type.Enum(["Issuer", "ClusterIssuer"], { description: "Kind of the issuer.", default: "Issuer" }),
        group: text("API group of the issuer.", "cert-manager.io"),
      }),
    }),
    registryCA: group("CA certificates that registries are trusted by besides the well-known ones, from a ConfigMap or a Secret. Read when a Pod starts.", {
      configMapName: text("Name of the ConfigMap."),
      secretName: text("Name of the Secret."),
      key: text("Key of the PEM text in it.", "ca.crt"),
    }),
    registryCredentials: group("Credentials of the installation, for registries where no pull secret of a Pod matches.", {
      secretName: text(
        "Name of a Secret (`kubernetes.io/dockerconfigjson`). Use it with `dockerConfigFile: /etc/pratique/credentials/config.json` in an entry of `config.registries`.",
      ),
    }),
    serviceAccount: group("The service account of the Pods.", {
      annotations: asInKubernetes("Its annotations, such as the one that gives it an identity in a cloud."),
    }),
    podLabels: asInKubernetes("More labels of the Pods."),
    proxy: group("The proxy that registries are reached through.", {
      httpProxy: text("`HTTP_PROXY` of the container."),
      httpsProxy: text("`HTTPS_PROXY` of the container."),
      noProxy: text("`NO_PROXY` of the container."),
    }),
    monitoring: group("For a Prometheus with its operator, and for Grafana. All of it is off unless it is asked for.", {
      monitor: Type.Enum(["none", "service", "pod"], { description: "Whether a ServiceMonitor or a PodMonitor has `/metrics` scraped.", default: "none" }),
      labels: asInKubernetes("More labels of the monitor, by which a Prometheus selects it."),
      interval: text("How often it scrapes, such as `30s`. Empty: as Prometheus does by default."),
      scrapeTimeout: text("How long a scrape may take. Empty: as Prometheus has it."),
      relabelings: kubernetesObjects("More relabelings of the target."),
      metricRelabelings: kubernetesObjects("Relabelings of the series."),
      rules: group("The alerts of docs/operations.md as a PrometheusRule.", {
        enabled: Type.Boolean({ description: "Whether there is one.", default: false }),
        labels: asInKubernetes("More labels of it, by which a Prometheus selects it."),
        selector: text("Which series are this release's, in PromQL. Empty: those of its namespace and job, as the monitor names them."),
        alertLabels: asInKubernetes("More labels of every alert, for its routing."),
        runbookURL: text("The page that `runbook_url` leads to.", RUNBOOK),
        alerts: alertChanges(),
      }),
      dashboard: group("The Grafana dashboard as a ConfigMap.", {
        enabled: Type.Boolean({ description: "Whether there is one.", default: false }),
        labels: asInKubernetes("More labels of it: the one that Grafana's sidecar looks for.", { grafana_dashboard: "1" }),
        annotations: asInKubernetes("Annotations of it, such as the folder that the sidecar puts it in."),
      }),
    }),
    extraVolumes: kubernetesObjects("More volumes of the Pods, such as the file of `config.tls.clientCAFile`."),
    extraVolumeMounts: kubernetesObjects("Where those volumes are mounted in the container."),
    config: ConfigSchema,
    global: Type.Object({}, { description: "Values of a parent chart. Not used.", default: {} }),
  },
  { $schema: "http://json-schema.org/draft-07/schema#", title: "Values of the pratique chart", additionalProperties: false },
);
