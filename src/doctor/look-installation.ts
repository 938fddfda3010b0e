import { readLabels } from "../admission/labels.ts";
import { type JsonObject, objectField, stringField } from "../json.ts";
import { askEntries, type Question } from "./ask.ts";
import { lookAtSettings } from "./look-settings.ts";
import type { Looker } from "./looker.ts";
import { CORE, type Listing, type Resource } from "./ports.ts";
import type { WebhookConfiguration } from "./read/webhook-configuration.ts";
import { type Deployment, readAutoscaler, readBudget, readDeployment, readPod, readService } from "./read/workload.ts";
import { mapped, type Seen, seen } from "./seen.ts";
import { NOTHING } from "./nothing.ts";
import type { ClusterNamespace, Installation, Settings } from "./snapshot.ts";
import { type Askable, namespaceTrial, podTrial, policyTrial } from "./trial.ts";

/** What is known of an installation by the lists of the cluster. */
export interface FoundInstallation {
  readonly name: string;
  readonly namespace: string;
  readonly serviceName: string;
  readonly release: string;
  readonly configuration: WebhookConfiguration | undefined;
}

export interface Surroundings {
  readonly deployments: Seen<readonly JsonObject[]>;
  readonly namespaces: readonly ClusterNamespace[];
  readonly ask: readonly Askable[];
}

/** Namespaces in which the gate is tried. */
const PLACES = 3;

/** Reads what belongs to it, and asks its webhook. */
export async function completeInstallation(found: FoundInstallation, looker: Looker, { deployments, namespaces, ask }: Surroundings): Promise<Installation> {
  const { name, namespace, serviceName, configuration } = found;
  const within = (resource: Resource, selector?: string): Listing => ({ ...resource, namespace, ...(selector !== undefined && { labelSelector: selector }) });
  const deployment = await lookAtDeployment(found, looker, deployments);
  const known = deployment.kind === "seen" ? deployment.value : undefined;
  const settings = await lookAtSettings({ namespace, name: known?.configMap ?? name }, looker);
  const [first, ...others] = namespaces.filter((each) => isEnforcing(each, settings, namespace)).slice(0, PLACES).map(({ name }) => podTrial(name));
  const questions: readonly Question[] = [[policyTrial(namespace)], [namespaceTrial()], ...(first === undefined ? [] : [[first, ...others] as const])];
  const [pods, budgets, autoscalers, service, certificate, replies] = await Promise.all([
    looker.list(within(CORE("pods"), selectorText(known))),
    looker.list(within({ group: "policy", version: "v1", resource: "poddisruptionbudgets" })),
    looker.list(within({ group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers" })),
    looker.see(() => looker.ports.reader.get({ ...CORE("services"), namespace, name: serviceName }, looker.call)),
    lookAtCertificate(deployment, namespace, looker),
    askEntries(configuration, questions.filter(([{ entry }]) => ask.includes(entry)), looker),
  ]);
  return {
    ...found,
    deployment,
    pods: mapped(pods, (objects) => objects.map(readPod)),
    budgets: mapped(budgets, (objects) => objects.map(readBudget)),
    autoscalers: mapped(autoscalers, (objects) => objects.map(readAutoscaler)),
    service: mapped(service, (object) => object && readService(object)),
    settings,
    certificate,
    replies,
  };
}

// Where the gate must be called, as far as anybody can tell.
function isEnforcing({ name, labels }: ClusterNamespace, settings: Seen<Settings>, own: string): boolean {
  const config = settings.kind === "seen" && settings.value.kind === "parsed" ? settings.value.config : undefined;
  if (name === "kube-system" || name === own || config?.exemptions.namespaces.has(name)) return false;
  return readLabels(labels, config?.defaults ?? NOTHING).demand.enforce !== "none";
}

async function lookAtDeployment({ name, namespace }: FoundInstallation, looker: Looker, listed: Seen<readonly JsonObject[]>): Promise<Seen<Deployment | undefined>> {
  const known = (listed.kind === "seen" ? listed.value : []).map(readDeployment).find((each) => each.name === name && each.namespace === namespace);
  if (known !== undefined) return seen(known);
  const read = await looker.see(() => looker.ports.reader.get({ group: "apps", version: "v1", resource: "deployments", namespace, name }, looker.call));
  return mapped(read, (object) => object && readDeployment(object));
}

function selectorText(deployment: Deployment | undefined): string {
  const equal = (deployment?.selector ?? []).filter(({ operator, values }) => operator === "In" && values.length === 1);
  return equal.length === 0 ? "app.kubernetes.io/name=pratique" : equal.map(({ key, values }) => `${key}=${values.join("")}`).join(",");
}

async function lookAtCertificate(deployment: Installation["deployment"], namespace: string, looker: Looker): Promise<Installation["certificate"]> {
  if (deployment.kind === "unseen") return { kind: "unseen", why: "the serving certificate: the Deployment says which Secret it is in" };
  if (deployment.value === undefined) return seen(undefined);
  const secret = deployment.value.certificateSecret;
  if (secret === undefined) return { kind: "unseen", why: `the serving certificate: Deployment ${namespace}/${deployment.value.name} does not say which Secret it is in` };
  const read = await looker.see(() => looker.ports.reader.get({ ...CORE("secrets"), namespace, name: secret }, looker.call));
  return mapped(read, (object) => ({ secret, serving: dataOf(object, "tls.crt"), authorities: dataOf(object, "ca.crt") }));
}

function dataOf(secret: JsonObject | undefined, key: string): string | undefined {
  const base64 = stringField(objectField(secret ?? {}, "data") ?? {}, key);
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("latin1");
}
