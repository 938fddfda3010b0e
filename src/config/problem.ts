import { CodedError } from "../errors.ts";
import type { Problem } from "../schema/problem.ts";

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends CodedError<"InvalidConfig"> {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const lines = problems.map(({ path, message }) => `\n  ${path === "" ? "" : `${path}: `}${message}`);
    super("InvalidConfig", `${source} has ${problems.length === 1 ? "an error" : `${problems.length} errors`}:${lines.join("")}`);
    this.problems = problems;
  }
}
