import type { Review } from "./review.ts";
import { type ImageUse, type WorkloadResource, decodeWorkload } from "./workload.ts";

/**
 * The images that a request brings in. An UPDATE brings in each (container kind, name, reference) that the old object
 * does not have (design, section 3), and everything when the old object is missing or cannot be read; a CREATE
 * everything.
 */
export function broughtIn(review: Review, resource: WorkloadResource, uses: readonly ImageUse[]): readonly ImageUse[] {
  if (review.operation !== "UPDATE") return uses;
  const old = decodeWorkload(resource, review.oldObject);
  if (old.kind === "malformed") return uses;
  const had = new Set(old.workload.uses.map(identityOf));
  return uses.filter((use) => !had.has(identityOf(use)));
}

function identityOf({ kind, name, image }: ImageUse): string {
  return JSON.stringify([kind, name, image]);
}
