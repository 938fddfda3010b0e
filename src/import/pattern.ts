import type { Path } from "../schema/problem.ts";
import type { Findings } from "./finding.ts";

/**
 * A glob of ours for a pattern whose `*` stands for any characters at all, as Kyverno's and Connaisseur's does. One for
 * every tag becomes one for the repository, since a glob of tags here does not govern a reference by digest.
 */
export function globOf(pattern: string, path: Path, findings: Findings): string {
  if (pattern.includes("?")) findings.add(path, "looser", "has a `?`, which globs here do not know: the images that it is for would not be governed");
  const anyTag = /[:@]\*+$/.test(pattern.slice(pattern.lastIndexOf("/") + 1));
  const repository = anyTag ? pattern.replace(/[:@]\*+$/, "") : pattern;
  return repository.replace(/\*+/g, "**");
}
