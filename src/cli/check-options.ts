import type { JudgedLevel } from "../admission/judge.ts";
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
  readonly config: string | undefined;
  readonly output: "text" | "json";
}

const NAMES = ["level", "index", "namespace", "config", "output"];
const JUDGED_LEVELS = ["signed", "verified"] as const satisfies readonly JudgedLevel[];

/** Throws UsageError. */
export function parseCheckOptions(args: readonly string[]): CheckOptions {
  refusePolicy(args);
  const { options, words } = readArguments(args, NAMES);
  if (words.length === 0) throw new UsageError("check needs at least one image, such as docker.io/library/nginx:1.29");
  const chosen = <Value extends string>(name: string, values: readonly Value[]): Value | undefined => {
    const value = options.get(name);
    return value === undefined ? undefined : oneOf(`--${name}`, value, values);
  };
  const namespace = options.get("namespace");
  if (namespace !== undefined && !isNamespaceName(namespace)) throw new UsageError(`--namespace is ${JSON.stringify(namespace)}, which no namespace can be called`);
  return {
    images: words,
    level: chosen("level", JUDGED_LEVELS),
    index: chosen("index", INDEX_RULES),
    namespace,
    config: options.get("config"),
    output: chosen("output", ["text", "json"]) ?? "text",
  };
}

function refusePolicy(args: readonly string[]): void {
  if (args.some((arg) => arg === "--policy" || arg.startsWith("--policy="))) {
    throw new UsageError("there is no --policy yet: this version knows no trust policies, and level `verified` refuses every image (NoPolicy)");
  }
}
