import { type Path, type Problem, pathText } from "../schema/problem.ts";
import type { PolicySpec } from "./schema.ts";
import type { PolicyKind } from "./trust-policy.ts";

type AuthorityFields = PolicySpec["authorities"][number];

/** What no single field of a policy shows to be wrong. The CRDs say the same in CEL. */
export function ruleProblems(kind: PolicyKind, { authorities, threshold }: PolicySpec): readonly Problem[] {
  const problems: Problem[] = authorities.flatMap((authority, i) => authorityProblems(kind, authority, ["spec", "authorities", i]));
  for (const [i, { name }] of authorities.entries()) {
    if (name !== undefined && authorities.findIndex((other) => other.name === name) < i) {
      problems.push(problem(["spec", "authorities", i, "name"], "is the name of another authority too"));
    }
  }
  if (threshold > authorities.length) problems.push(problem(["spec", "threshold"], `is ${threshold}, and there are ${authorities.length} authorities: it could never be met`));
  if (threshold > 1 && authorities.some((authority) => authority.static !== undefined)) {
    problems.push(problem(["spec", "threshold"], "counts signers, so it cannot be above 1 beside a `static` authority, which has none"));
  }
  return problems;
}

function authorityProblems(kind: PolicyKind, authority: AuthorityFields, path: Path): readonly Problem[] {
  const { key, static: fixed, source, attestations } = authority;
  if ((key === undefined) === (fixed === undefined)) return [problem(path, "needs exactly one of `key` and `static`")];
  if (key !== undefined) {
    const isOne = (key.data === undefined) !== (key.secretRef === undefined);
    return isOne ? [] : [problem([...path, "key"], "needs exactly one of `data` and `secretRef`")];
  }
  const problems: Problem[] = [];
  if (kind === "TrustPolicy" && fixed?.action === "pass") {
    problems.push(problem([...path, "static", "action"], "is `pass`, which only a ClusterTrustPolicy may have: a TrustPolicy narrows what the cluster's policies allow"));
  }
  if (source !== undefined) problems.push(problem([...path, "source"], "has no use beside `static`, which looks nowhere"));
  if (attestations !== undefined) problems.push(problem([...path, "attestations"], "has no use beside `static`, which looks nowhere"));
  return problems;
}

function problem(path: Path, message: string): Problem {
  return { path: pathText(path), message };
}
