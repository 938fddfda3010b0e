import { Type } from "typebox";
import { ConfigSchema } from "../../src/config/schema.ts";
import { MONITORING_VALUES } from "./monitoring-values.ts";
import { NETWORK_VALUES } from "./network-values.ts";
import { IMAGE_VALUES, POD_VALUES, SCALE_VALUES } from "./pod-values.ts";
import { flag, group, list, shapedText, text, texts } from "./value.ts";

/** Every value of the chart: types, defaults and what they mean. */
export const ChartValuesSchema = Type.Object(
  {
    fullnameOverride: shapedText("Name of the objects, in place of one made from the release's.", "^([a-z]([-a-z0-9]{0,48}[a-z0-9])?)?$"),
    commonLabels: texts("Labels of every object, and of the Pods."),
    commonAnnotations: texts("Annotations of every object, but for the Pods."),
    ...IMAGE_VALUES,
    ...SCALE_VALUES,
    ...POD_VALUES,
    ...NETWORK_VALUES,
    crds: group("The definitions of ClusterTrustPolicy and TrustPolicy. They, and the policies, stay when the release is uninstalled.", {
      install: flag("Whether the release installs and upgrades them.", true),
    }),
    certificate: group("The certificate that the webhook shows to the API server.", {
      mode: Type.Enum(["managed", "secret", "cert-manager"], {
        description: "`managed`: made and renewed by Pratique itself. `secret`: from a Secret that exists. `cert-manager`: made and renewed by cert-manager.",
        default: "managed",
      }),
      secretName: text("Mode `secret`: the Secret (`kubernetes.io/tls`), in the release's namespace. Its certificate is for `<service>.<namespace>.svc`."),
      caBundle: text("Mode `secret`: the CA certificate that it was signed with, as PEM (`--set-file certificate.caBundle=ca.crt`). The other modes: what is trusted besides during the one upgrade that comes from `secret`."),
      issuerRef: group("Mode `cert-manager`: who signs. Without a name, the chart makes a CA of its own.", {
        name: text("Name of the issuer."),
        kind: Type.Enum(["Issuer", "ClusterIssuer"], { description: "Kind of the issuer.", default: "Issuer" }),
        group: text("API group of the issuer.", "cert-manager.io"),
      }),
    }),
    labelProtection: group("A ValidatingAdmissionPolicy (Kubernetes 1.30) by which owners of namespaces cannot change their labels of Pratique: docs/labels.md.", {
      enabled: flag("Whether there is one. From then on such labels take the verb `label` on `namespaces` of the group `pratique.dev`.", false),
      validationActions: list(Type.Enum(["Deny", "Warn", "Audit"]), "What happens to who has not got it. To rehearse: `[Warn, Audit]`.", ["Deny"]),
    }),
    uninstallHook: group("A Job that deletes the webhook configuration before anything else is uninstalled.", {
      enabled: flag("Whether there is one. Without it, delete the webhook configuration yourself first.", true),
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
      create: flag("Whether it is made by the release. Its roles are in any case.", true),
      name: text("Its name. Empty: the name of the other objects."),
      labels: texts("More labels of it."),
      annotations: texts("Its annotations, such as the one that gives it an identity in a cloud.", {
        example: { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/pratique" },
      }),
    }),
    ...MONITORING_VALUES,
    config: ConfigSchema,
    global: Type.Object({}, { description: "Values of a parent chart. Not used.", default: {} }),
  },
  { $schema: "http://json-schema.org/draft-07/schema#", title: "Values of the pratique chart", additionalProperties: false },
);
