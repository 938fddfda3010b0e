// The chart as Helm renders it.
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { program } from "../programs.ts";
import { execute, type Outcome, succeed } from "./process.ts";

export type Helm = "helm3" | "helm4";

/** An object of the cluster, as YAML has it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  // What is in it differs from kind to kind; an assertion that reads a wrong field fails.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

export const CHART = join(import.meta.dirname, "../../charts/pratique");
export const RELEASE = "pratique";
export const RELEASE_NAMESPACE = "pratique-system";

// A Helm that was built by `go install` takes itself for one of Kubernetes 1.20.
const KUBE_VERSION = "1.36.0";

/** All objects of the chart for some values. Throws when rendering fails. */
export async function renderChart(values: unknown, helm: Helm = "helm4"): Promise<readonly KubernetesObject[]> {
  const text = await succeed(program(helm), templateArguments(), { input: stringify(values) });
  return parseAllDocuments(text).flatMap((document) => (document.contents === null ? [] : [document.toJS() as KubernetesObject]));
}

/** The only object of a kind. */
export function only(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
  const [object, ...others] = objects.filter((object) => object.kind === kind);
  if (object === undefined || others.length > 0) throw new Error(`not exactly one ${kind} but ${others.length + (object === undefined ? 0 : 1)}`);
  return object;
}

/** `helm template` with whatever comes of it. */
export function tryRender(values: unknown, helm: Helm): Promise<Outcome> {
  return execute(program(helm), templateArguments(), { input: stringify(values) });
}

export function lint(values: unknown, helm: Helm): Promise<Outcome> {
  return execute(program(helm), ["lint", "--strict", CHART, "--values", "-"], { input: stringify(values) });
}

function templateArguments(): readonly string[] {
  return ["template", RELEASE, CHART, "--namespace", RELEASE_NAMESPACE, "--kube-version", KUBE_VERSION, "--values", "-"];
}
