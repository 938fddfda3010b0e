import type { ClusterSource } from "../adapters/kubernetes/kubeconfig.ts";
import { isNamespaceName } from "../config/format.ts";
import { ASKABLE, type Askable } from "../doctor/trial.ts";
import { oneOf, readArguments } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

/** What `pratique doctor` was called with. */
export interface DoctorOptions {
  /** The namespace of one installation; undefined for whatever is in the cluster. */
  readonly namespace: string | undefined;
  /** The entries that are asked by dry runs. */
  readonly ask: readonly Askable[];
  readonly cluster: ClusterSource;
  readonly output: "text" | "json";
}

const NAMES = ["namespace", "ask", "output", "kubeconfig", "context"];

/** Throws UsageError. */
export function parseDoctorOptions(args: readonly string[]): DoctorOptions {
  const { options, all, words } = readArguments(args, NAMES, { letters: { namespace: "n" }, repeated: ["ask"] });
  if (words.length > 0) throw new UsageError(`doctor takes no ${JSON.stringify(words[0])}; it looks at the installations of a cluster. \`pratique check\` takes images`);
  const namespace = options.get("namespace");
  if (namespace !== undefined && !isNamespaceName(namespace)) throw new UsageError(`--namespace is ${JSON.stringify(namespace)}, which no namespace can be called`);
  const file = options.get("kubeconfig");
  const context = options.get("context");
  return {
    namespace,
    ask: askedOf(all("ask")),
    cluster: file === undefined ? { kind: "default", context } : { kind: "kubeconfig", file, context },
    output: oneOf("--output", options.get("output") ?? "text", ["text", "json"]),
  };
}

function askedOf(given: readonly string[]): readonly Askable[] {
  const entries = new Set(given.map((each) => oneOf("--ask", each, [...ASKABLE, "none"])));
  const asked = ASKABLE.filter((entry) => entries.has(entry));
  if (asked.length > 0 && entries.has("none")) throw new UsageError("--ask is none, and an entry besides; leave one of them out");
  return given.length === 0 ? ASKABLE : asked;
}
