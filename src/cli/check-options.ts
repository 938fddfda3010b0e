import type { JudgedLevel } from "../admission/judgement.ts";
import { isNamespaceName } from "../config/format.ts";
import { INDEX_RULES, type IndexRule } from "../image/index.ts";
import { oneOf, readArguments } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

/** What `pratique check` was called with. */
export interface CheckOptions {
  /** As they were typed. */
  readonly images: readonly string[];
  readonly level: JudgedLevel | undefined;
  readonly index: IndexRule | undefined;
  readonly namespace: string | undefined;
  /** Files with trust policies, in place of the cluster's. */
  readonly policies: readonly string[];
  readonly config: string | undefined;
  readonly output: "text" | "json";
}

const NAMES = ["level", "index", "namespace", "policy", "config", "output"];
export const JUDGED_LEVELS = ["signed", "verified"] as const satisfies readonly JudgedLevel[];

/** Throws UsageError. */
export function parseCheckOptions(args: readonly string[]): CheckOptions {
  const { options, all, words } = readArguments(args, NAMES, { repeated: ["policy"] });
  if (words.length === 0) throw new UsageError("check needs at least one image, such as docker.io/library/nginx:1.29");
  const chosen = <Value extends string>(name: string, values: readonly Value[]): Value | undefined => {
    const value = options.get(name);
    return value === undefined ? undefined : oneOf(`--${name}`, value, values);
  };
  const namespace = options.get("namespace");
  if (namespace !== undefined && !isNamespaceName(namespace)) throw new UsageError(`--namespace is ${JSON.stringify(namespace)}, which no namespace can be called`);
  const policies = all("policy");
  const level = chosen("level", JUDGED_LEVELS) ?? (policies.length > 0 ? "verified" : undefined);
  if (policies.length > 0 && level !== "verified") throw new UsageError("--policy is what level `verified` asks for; leave out --policy, or --level");
  return {
    images: words,
    level,
    index: chosen("index", INDEX_RULES),
    namespace,
    policies,
    config: options.get("config"),
    output: chosen("output", ["text", "json"]) ?? "text",
  };
}
