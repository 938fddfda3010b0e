import type { Repository } from "../image/reference.ts";
import { claimsSought, type Location } from "../signature/candidate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { AccessoryReader, attempt, LIGHT_BYTES, mergeFound, NOTHING } from "./accessories.ts";
import { combineEvidence } from "./combine.ts";
import { shareOf } from "./mirrors.ts";
import type { Access, AccessoryLists, Call, Clock, Locator, Query, Registry } from "./ports.ts";
import { Allowance, type Bounded } from "./recent-bytes.ts";

/** As many as are read of any other list. */
const MAX_ACCESSORIES = 50;
const MAX_DOCUMENTS = 10;
/** Of documents that are larger than a signature ever is. */
const MAX_HEAVY_BYTES = 1024 * 1024;
const ELSEWHERE: readonly Location[] = ["sig-tag", "referrers", "referrers-tag"];

export interface HarborParts {
  /** Looks everywhere else. */
  readonly locator: Locator;
  readonly lists: AccessoryLists;
  /** Hands out what is on the lists. */
  readonly registry: Registry;
  readonly clock: Clock;
  /** How many bytes of heavy accessories all look-ups of the process may read. */
  readonly shared: Bounded;
  /** Whether the configuration says that a repository lies in a Harbor. */
  readonly isHarbor: (repository: Repository) => boolean;
}

/**
 * Asks Harbor's list of accessories first, which names a signature of any layout with one request. It can only add to what
 * is found: without a signature on it, and before any refusal, every other place is asked as in any registry. For
 * attestations it is no shorter way, since Harbor does not list those of cosign 2.
 */
export class HarborLocator implements Locator {
  readonly #parts: HarborParts;

  constructor(parts: HarborParts) {
    this.#parts = parts;
  }

  async locate(access: Access, query: Query, call: Call): Promise<Evidence> {
    const { locator, clock, isHarbor } = this.#parts;
    const isShorter = query.sought === "signatures" && query.freshness === "kept" && query.tagPrefix === "";
    if (!isShorter || !isHarbor(access.repository)) return locator.locate(access, query, call);
    const listed = await this.#listed(access, query, shareOf(call, 2, clock));
    if (listed.candidates.some((candidate) => claimsSought(candidate, query))) return { ...listed, unasked: ELSEWHERE };
    const own = await locator.locate(access, query, call);
    // What is on the list and cannot be read has no name here; the other places tell of it, since they list it as well.
    const candidates = listed.candidates.filter(({ digest }) => digest !== undefined);
    return combineEvidence(own, [{ ...listed, candidates }]) ?? own;
  }

  async #listed(access: Access, { subject }: Query, call: Call): Promise<Evidence> {
    const { registry, shared } = this.#parts;
    const reader = new AccessoryReader({ registry, access, call, shared });
    const place = { location: "accessories", quota: MAX_DOCUMENTS, allowance: new Allowance(MAX_HEAVY_BYTES) } as const;
    const { candidates, failed, isExhausted } = await attempt("accessories", "unknown", async () => {
      const list = await this.#parts.lists.listAccessories(access, subject, call);
      if (list.kind === "unsupported") return NOTHING;
      const used = list.digests.slice(0, MAX_ACCESSORIES);
      // Harbor tells no sizes. What is not light is left to the other places, which list it as well.
      const found = await Promise.all(used.map((digest) => reader.listed({ digest, size: LIGHT_BYTES }, place)));
      const merged = mergeFound(found);
      return { ...merged, isExhausted: merged.isExhausted || list.digests.length > used.length };
    });
    return { subject, candidates, failed, exhausted: isExhausted ? ["accessories"] : [] };
  }
}
