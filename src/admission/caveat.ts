import type { Repository } from "../image/reference.ts";
import type { Inspection } from "../inspection/inspect.ts";
import { isOutage } from "../verdict/outage.ts";

/** What there is to know of a verdict besides itself, when its registry could not be reached. */
export type Caveat =
  /** It passes by what was found so many seconds ago; `message` says what fails now. */
  | { readonly kind: "stale"; readonly seconds: number; readonly message: string }
  /** It could not be found out, for the outage of these registries and for nothing else. */
  | { readonly kind: "outage"; readonly hosts: readonly string[] };

/** The caveat of an inspection, when it has one. */
export function caveatOf(repository: Repository, { verdict, evidence }: Pick<Inspection, "verdict" | "evidence">): Caveat | undefined {
  if (verdict.kind === "trusted") return staleIn(evidence);
  if (verdict.kind !== "undetermined" || !isOutage(verdict.reason)) return undefined;
  const failed = evidence.flatMap((each) => each.failed);
  // A credential that is refused in one place is not the outage of another.
  if (!failed.every(({ reason }) => isOutage(reason))) return undefined;
  return { kind: "outage", hosts: [...new Set([repository.host, ...failed.map(({ host }) => host ?? repository.host)])] };
}

function staleIn(evidence: Inspection["evidence"]): Caveat | undefined {
  const stale = evidence.flatMap(({ staleSeconds, failed }) => (staleSeconds === undefined ? [] : [{ seconds: staleSeconds, message: failed[0]?.message ?? "a mirror does not answer" }]));
  const [oldest] = stale.toSorted((a, b) => b.seconds - a.seconds);
  return oldest && { kind: "stale", ...oldest };
}
