// The values that say how Pratique is called, and what it may call.
import { Type } from "typebox";
import { flag, group, kubernetesObjects, list, text, texts } from "./value.ts";

const port = Type.Integer({ minimum: 1, maximum: 65535 });

export const NETWORK_VALUES = {
  hostNetwork: flag(
    "Whether the Pods are in the network of their nodes: for clusters whose API server does not reach the network of Pods. The ports are those of `config.listen` and `config.metricsListen`, and must be free on the nodes.",
    false,
  ),
  service: group("The Service that the API server calls.", {
    labels: texts("More labels of the Service."),
    annotations: texts("More annotations of the Service."),
    ipFamilyPolicy: Type.Enum(["", "SingleStack", "PreferDualStack", "RequireDualStack"], { description: "Its IP families, one or two. Empty: the cluster's default.", default: "" }),
    ipFamilies: list(Type.Enum(["IPv4", "IPv6"]), "The IP families, the first one first. Empty: the cluster's default."),
  }),
  webhooks: group("The ValidatingWebhookConfiguration.", {
    labels: texts("More labels of it."),
    annotations: texts("More annotations of it. The default keeps AKS from leaving out namespaces by a label of its own, which anybody who may label a namespace could set.", {
      value: { "admissions.enforcer/disabled": "true" },
    }),
  }),
  networkPolicy: group("A NetworkPolicy of the Pods. What they may call follows from `config.registries`, `proxy` and these values.", {
    enabled: flag("Whether there is one. With it, a registry on a port that neither the configuration nor `registryPorts` has cannot be reached.", false),
    metricsFrom: kubernetesObjects("Who may read the metrics, as peers of a NetworkPolicy. By default every Pod of the cluster; an empty list: nobody.", {
      value: [{ namespaceSelector: {} }],
      example: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
    }),
    registryPorts: list(port, "TCP ports of registries, and of their token services and storage, besides those in `config.registries`.", [443]),
    apiServerPorts: Type.Array(port, { description: "TCP ports that the API server may have behind its Service.", default: [443, 6443], minItems: 1 }),
    extraIngress: kubernetesObjects("More ingress rules."),
    extraEgress: kubernetesObjects("More egress rules.", { example: [{ to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ protocol: "TCP", port: 80 }] }] }),
  }),
  proxy: group("The proxy that registries are reached through.", {
    httpProxy: text("`HTTP_PROXY` of the container."),
    httpsProxy: text("`HTTPS_PROXY` of the container."),
    noProxy: text("`NO_PROXY` of the container. The API server is never asked through the proxy."),
  }),
};
