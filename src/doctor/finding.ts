import { type Code, type CODES, SEVERITIES, type Severity } from "./code.ts";

/** What a finding is about. */
export interface Subject {
  readonly kind: string;
  /** Undefined for what lies in no namespace. */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** What of it: an entry of a webhook configuration, a field of a configuration. */
  readonly part?: string | undefined;
}

/** What to do about it. */
export interface Remedy {
  readonly text: string;
  /** Command lines to paste, where they will do. */
  readonly commands: readonly string[];
}

export function advise(text: string, ...commands: readonly (string | undefined)[]): Remedy {
  return { text, commands: commands.filter((command) => command !== undefined) };
}

/** One thing that is wrong with an installation. */
export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly message: string;
  readonly remedy: Remedy;
}

/** Typed so that no check gives a code a severity that the documentation does not list. */
export function finding<C extends Code>(code: C, severity: (typeof CODES)[C][number], about: Omit<Finding, "code" | "severity">): Finding {
  return { code, severity, ...about };
}

/** Worst first, then in the order of the checks. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return SEVERITIES.flatMap((severity) => findings.filter((each) => each.severity === severity));
}

/** `a, b, c and 4 more`. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${rest} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** `1 Pod`, `2 Pods`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
