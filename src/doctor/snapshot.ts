import type { LabelMap } from "../admission/labels.ts";
import type { Reply } from "./reply.ts";
import type { Entry } from "../admission/entry.ts";
import type { Config } from "../config.ts";
import type { LabelPolicy } from "./read/label-policy.ts";
import type { Editor } from "./read/editors.ts";
import type { PolicyState } from "./read/policy.ts";
import type { WebhookConfiguration } from "./read/webhook-configuration.ts";
import type { Autoscaler, Budget, Deployment, Node, Pod, Service } from "./read/workload.ts";
import type { Seen } from "./seen.ts";

/** A cluster at one instant, as far as Pratique is concerned. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `v1.36.3`. */
  readonly serverVersion: Seen<string>;
  readonly configurations: Seen<readonly WebhookConfiguration[]>;
  readonly deployments: Seen<readonly unknown[]>;
  /** What both of them come to, in the namespace that was asked for. */
  readonly installations: readonly Installation[];
  readonly namespaces: Seen<readonly ClusterNamespace[]>;
  /** `not-served`: their definitions are not installed. */
  readonly policies: Seen<readonly PolicyState[] | "not-served">;
  readonly nodes: Seen<readonly Node[]>;
  readonly labelPolicies: Seen<readonly LabelPolicy[]>;
  /** Who may change the labels of namespaces, cluster administrators left out. */
  readonly editors: Seen<readonly Editor[]>;
  /** Who may do so in spite of the chart's protection. */
  readonly labellers: Seen<readonly Editor[]>;
}

/** One release of the chart, or what is left of it. */
export interface Installation {
  /** The chart gives its Deployment, its Service and its webhook configuration the same name. */
  readonly name: string;
  readonly namespace: string;
  /** The Service that the entries name. */
  readonly serviceName: string;
  /** As Helm calls it. */
  readonly release: string;
  readonly configuration: WebhookConfiguration | undefined;
  readonly deployment: Seen<Deployment | undefined>;
  readonly pods: Seen<readonly Pod[]>;
  readonly budgets: Seen<readonly Budget[]>;
  readonly autoscalers: Seen<readonly Autoscaler[]>;
  readonly service: Seen<Service | undefined>;
  readonly settings: Seen<Settings>;
  /** Undefined where there is no Deployment to use one. */
  readonly certificate: Seen<CertificateSecret | undefined>;
  readonly replies: readonly EntryReply[];
}

export interface ClusterNamespace {
  readonly name: string;
  readonly labels: LabelMap;
}

/** What the ConfigMap says. */
export type Settings =
  | { readonly kind: "absent"; readonly configMap: string }
  | { readonly kind: "invalid"; readonly configMap: string; readonly message: string }
  | { readonly kind: "parsed"; readonly configMap: string; readonly config: Config; readonly changedAt: number | undefined; /** As the chart puts it on the Pods. */ readonly checksum: string };

/** The Secret that the serving certificate is in. */
export interface CertificateSecret {
  readonly secret: string;
  /** `tls.crt`; undefined where there is none. */
  readonly serving: string | undefined;
  /** `ca.crt`: whom the API server should trust now, and the next one before it signs anything. */
  readonly authorities: string | undefined;
}

/** How an entry of the webhook answered when it was asked. */
export interface EntryReply {
  readonly entry: Entry;
  readonly reply: Reply;
  readonly milliseconds: number;
}
