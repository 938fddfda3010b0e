// The values that say how the Pods of Pratique are, and where.
import { Type } from "typebox";
import { asInKubernetes, flag, group, kubernetesObjects, list, shapedText, text, texts, wholeNumber } from "./value.ts";

const objectName = Type.Object({ name: Type.String({ description: "Name of the Secret." }) }, { additionalProperties: false });

export const IMAGE_VALUES = {
  image: group("The image of Pratique.", {
    repository: text("Repository of the image.", "ghcr.io/pratique-dev/pratique"),
    tag: text("Tag of the image. Empty: the chart's `appVersion`."),
    digest: shapedText("Digest of the image (`sha256:...`). It wins over the tag.", "^(sha256:[0-9a-f]{64})?$"),
    pullPolicy: Type.Enum(["Always", "IfNotPresent", "Never"], { description: "When the kubelet pulls the image.", default: "IfNotPresent" }),
  }),
  imagePullSecrets: list(objectName, "Pull secrets for the image of Pratique itself."),
};

export const SCALE_VALUES = {
  replicas: wholeNumber("How many Pods answer the API server. Not used with `autoscaling.enabled`.", 2, { minimum: 1 }),
  autoscaling: group("A HorizontalPodAutoscaler. It decides on the number of Pods from then on, and an upgrade leaves that number alone.", {
    enabled: flag("Whether there is one. It needs the metrics API (metrics-server).", false),
    minReplicas: wholeNumber("The least number of Pods.", 2, { minimum: 1 }),
    maxReplicas: wholeNumber("The greatest number of Pods.", 6, { minimum: 1 }),
    targetCPUUtilizationPercentage: wholeNumber("Average use of the CPU request that it aims at, in percent.", 80, { minimum: 1 }),
    metrics: kubernetesObjects("Metrics to use in place of the CPU's, as in `autoscaling/v2`."),
    behavior: asInKubernetes("How fast it scales, as in `autoscaling/v2`. By default the first minute of a Pod, which compiles, is not taken for load.", {
      value: { scaleUp: { stabilizationWindowSeconds: 60 }, scaleDown: { stabilizationWindowSeconds: 300 } },
    }),
  }),
  podDisruptionBudget: group("Keeps evictions from stopping every Pod at once. It never blocks a drain: one Pod may always go, and one that is not ready at any time.", {
    enabled: flag("Whether there is one, with `maxUnavailable: 1`.", true),
  }),
};

export const POD_VALUES = {
  resources: asInKubernetes("Requests and limits of the container. The defaults are from the figures in docs/performance.md; Node gives its heap half of the memory limit.", {
    value: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "384Mi" } },
  }),
  podLabels: texts("More labels of the Pods.", { example: { "azure.workload.identity/use": "true" } }),
  podAnnotations: texts("More annotations of the Pods.", { example: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" } }),
  deploymentAnnotations: texts("More annotations of the Deployment, such as the one by which a controller restarts the Pods when `registryCA` changes.", {
    example: { "configmap.reloader.stakater.com/reload": "corporate-ca" },
  }),
  revisionHistoryLimit: wholeNumber("How many old ReplicaSets are kept for `kubectl rollout undo`.", 3, { minimum: 0 }),
  podSecurityContext: asInKubernetes("Security context of the Pods. A field is taken out by `null`, as for `runAsUser` on OpenShift.", {
    value: { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: { type: "RuntimeDefault" } },
  }),
  securityContext: asInKubernetes("Security context of the container.", {
    value: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  }),
  priorityClassName: text("Priority class of the Pods. Recommended where namespaces enforce: `system-cluster-critical`, for which a ResourceQuota is rendered too, since some clusters ask for one."),
  nodeSelector: asInKubernetes("Node labels that the Pods need.", { value: { "kubernetes.io/os": "linux" } }),
  tolerations: kubernetesObjects("Taints that the Pods tolerate.", { example: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }] }),
  affinity: asInKubernetes("Affinity of the Pods."),
  topologySpreadConstraints: kubernetesObjects("How the Pods are spread. Empty: over nodes and over zones as far as there are any, each revision by itself."),
  dnsPolicy: Type.Enum(["", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], {
    description: "DNS policy of the Pods. Empty: `ClusterFirst`, or `ClusterFirstWithHostNet` with `hostNetwork`.",
    default: "",
  }),
  dnsConfig: asInKubernetes("DNS settings of the Pods.", { example: { options: [{ name: "ndots", value: "1" }] } }),
  extraEnv: kubernetesObjects("More environment variables of the container.", { example: [{ name: "AWS_REGION", value: "eu-central-1" }] }),
  extraVolumes: kubernetesObjects("More volumes of the Pods, such as the file of `config.tls.clientCAFile`."),
  extraVolumeMounts: kubernetesObjects("Where those volumes are mounted in the container."),
};
