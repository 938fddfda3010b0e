import type { Digest } from "../image/digest.ts";
import type { Candidate } from "../signature/candidate.ts";
import type { Evidence } from "../verdict/evidence.ts";

/**
 * One answer out of what several places gave. Where `own`, the registry itself, has answered in full, it does not matter
 * what the others could not say: they are copies, or other views of the same.
 */
export function combineEvidence(own: Evidence | undefined, others: readonly Evidence[]): Evidence | undefined {
  const all = own === undefined ? others : [own, ...others];
  const [first] = all;
  if (first === undefined) return undefined;
  const isComplete = own?.failed.length === 0 && own.exhausted.length === 0;
  const open = isComplete ? [] : all;
  return {
    ...first,
    candidates: listOnce(all),
    failed: open.flatMap(({ failed }) => failed),
    exhausted: [...new Set(open.flatMap(({ exhausted }) => exhausted))],
  };
}

// Copies of one manifest are told once, but one that could not be read whole must not hide one that was.
function listOnce(all: readonly Evidence[]): readonly Candidate[] {
  const told = new Set<Digest>();
  const listed: Candidate[] = [];
  for (const { candidates } of all) {
    const unread = new Set(candidates.filter(({ claim }) => claim.kind === "unreadable").map(({ digest }) => digest));
    listed.push(...candidates.filter(({ digest }) => digest === undefined || !told.has(digest)));
    for (const { digest } of candidates) if (digest !== undefined && !unread.has(digest)) told.add(digest);
  }
  return listed;
}
