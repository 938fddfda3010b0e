import { matchesGlob } from "../image/glob.ts";
import type { Reference } from "../image/reference.ts";
import type { TrustPolicy } from "./trust-policy.ts";

/** The policies that govern an image, in the order in which they speak: the cluster's first, then by name. */
export function governing(policies: readonly TrustPolicy[], reference: Reference): readonly TrustPolicy[] {
  return policies.filter(({ globs }) => globs.some((glob) => matchesGlob(glob, reference))).toSorted(bySpeech);
}

/** Whether an image is governed at all: only a cluster policy can let one in, a TrustPolicy only narrows. */
export function isGoverned(policies: readonly TrustPolicy[]): boolean {
  return policies.some(({ id }) => id.kind === "ClusterTrustPolicy");
}

function bySpeech({ id: a }: TrustPolicy, { id: b }: TrustPolicy): number {
  if (a.kind !== b.kind) return a.kind === "ClusterTrustPolicy" ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
