import type { Digest } from "../image/digest.ts";
import type { Source } from "../trust/authority.ts";
import type { Assessment } from "../verdict/evaluate.ts";
import { type Evidence, type Known, type Look, lookKey } from "../verdict/evidence.ts";
import { UndeterminedError } from "../verdict/failure.ts";
import type { ImageTree } from "../verdict/index-rule.ts";
import type { ImageVerifier } from "./image-verifier.ts";
import type { Access, Call, Locator, Query } from "./ports.ts";

export interface SearchParts {
  readonly locator: Locator;
  /** As whom a source is asked, in the order in which it is tried. Throws UndeterminedError when that cannot be known. */
  readonly accesses: (source: Source) => Promise<readonly Access[]>;
  readonly call: Call;
  readonly freshness: Query["freshness"];
  /** Whom the assessment asks for verifications. */
  readonly verifier: ImageVerifier;
}

/** Puts the questions of an assessment as they come up, each once, side by side, and gives it its turns to verify. */
export class Search {
  readonly #parts: SearchParts;
  readonly #started = new Map<string, Promise<Evidence>>();

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** Asks already what will be asked about this subject. */
  startEarly(assessment: Assessment, subject: Digest): void {
    for (const look of assessment.looksAt(subject)) void this.#start(look);
  }

  /** Asks until the assessment has no question left and nothing to verify. */
  async complete(assessment: Assessment, tree: ImageTree): Promise<Known> {
    const known = new Map<string, Evidence>();
    for (;;) {
      const missing = assessment.missing(tree, known);
      const goesOn = await this.#parts.verifier.goesOn(this.#parts.call);
      if (missing.length === 0 && !goesOn) return known;
      const answers = await Promise.all(missing.map(async (look) => [lookKey(look), await this.#start(look)] as const));
      for (const [key, evidence] of answers) known.set(key, evidence);
    }
  }

  #start(look: Look): Promise<Evidence> {
    const key = lookKey(look);
    const started = this.#started.get(key);
    if (started !== undefined) return started;
    const evidence = this.#locate(look);
    // It may never be awaited, when the manifest itself is refused; then nobody needs to hear of its failure.
    evidence.catch(() => undefined);
    this.#started.set(key, evidence);
    return evidence;
  }

  async #locate({ subject, sought, source }: Look): Promise<Evidence> {
    const tagPrefix = source.kind === "repository" ? source.tagPrefix : "";
    const query: Query = { subject, sought, tagPrefix, freshness: this.#parts.freshness };
    try {
      return await this.#ask(query, await this.#parts.accesses(source));
    } catch (error) {
      // One source that cannot be asked must not hide what another one holds.
      if (!(error instanceof UndeterminedError)) throw error;
      return nothingFrom(query, error);
    }
  }

  async #ask(query: Query, [first, ...others]: readonly Access[]): Promise<Evidence> {
    if (first === undefined) throw new UndeterminedError("Unauthorized", "there is no credential to ask with");
    const evidence = await this.#parts.locator.locate(first, query, this.#parts.call);
    const isRefused = evidence.failed.some(({ reason }) => reason === "Unauthorized");
    return isRefused && others.length > 0 ? beside(evidence, await this.#ask(query, others)) : evidence;
  }
}

// What one credential opened stays found, whatever the next one is refused.
function beside(before: Evidence, after: Evidence): Evidence {
  const told = new Set(after.candidates.map(({ digest }) => digest));
  const others = before.candidates.filter(({ digest }) => digest === undefined || !told.has(digest));
  return { ...after, candidates: [...after.candidates, ...others] };
}

/** The answer of a place that could not be asked at all. */
export function nothingFrom({ subject, sought }: Query, { code, message }: UndeterminedError): Evidence {
  const location = sought === "signatures" ? "sig-tag" : "att-tag";
  return { subject, candidates: [], failed: [{ location, reason: code, message }], exhausted: [] };
}
