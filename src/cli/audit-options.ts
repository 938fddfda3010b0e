import type { ClusterSource } from "../adapters/kubernetes/kubeconfig.ts";
import type { JudgedLevel } from "../admission/judgement.ts";
import type { Scope } from "../audit/ports.ts";
import { isNamespaceName } from "../config/format.ts";
import { type Arguments, oneOf, readArguments } from "./arguments.ts";
import { JUDGED_LEVELS } from "./check-options.ts";
import { UsageError } from "./usage-error.ts";

/** What `pratique audit` was called with. */
export interface AuditOptions {
  /** `context`: the namespace that the kubeconfig's context names. */
  readonly scope: Scope | "context";
  readonly level: JudgedLevel | undefined;
  readonly cluster: ClusterSource;
  readonly config: string | undefined;
  readonly output: "text" | "json";
}

const NAMES = ["namespace", "level", "output", "config", "kubeconfig", "context"];

/** Throws UsageError. */
export function parseAuditOptions(args: readonly string[]): AuditOptions {
  const given = readArguments(args, NAMES, { flags: ["all-namespaces"], letters: { namespace: "n", "all-namespaces": "A" } });
  const { options, words } = given;
  if (words.length > 0) throw new UsageError(`audit takes no ${JSON.stringify(words[0])}; it looks at a cluster. \`pratique check\` takes images`);
  const level = options.get("level");
  const file = options.get("kubeconfig");
  const context = options.get("context");
  return {
    scope: scopeOf(given),
    level: level === undefined ? undefined : oneOf("--level", level, JUDGED_LEVELS),
    cluster: file === undefined ? { kind: "default", context } : { kind: "kubeconfig", file, context },
    config: options.get("config"),
    output: oneOf("--output", options.get("output") ?? "text", ["text", "json"]),
  };
}

function scopeOf({ options, flags }: Arguments): Scope | "context" {
  const namespace = options.get("namespace");
  if (flags.has("all-namespaces")) {
    if (namespace !== undefined) throw new UsageError("-A is every namespace, and --namespace is one; leave one of them out");
    return { kind: "cluster" };
  }
  if (namespace === undefined) return "context";
  if (!isNamespaceName(namespace)) throw new UsageError(`--namespace is ${JSON.stringify(namespace)}, which no namespace can be called`);
  return { kind: "namespace", namespace };
}
