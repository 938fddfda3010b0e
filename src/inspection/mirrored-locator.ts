import { claimsSought } from "../signature/candidate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { UndeterminedError } from "../verdict/failure.ts";
import { combineEvidence } from "./combine.ts";
import { atMirror, type Attempt, type Mirror, type MirrorSettings, shareOf } from "./mirrors.ts";
import type { Access, Call, Locator, Query } from "./ports.ts";
import { nothingFrom } from "./search.ts";

/**
 * Looks for signatures at a registry's mirrors as well. What is sought is enough wherever it is found; what a refusal
 * rests on is looked for everywhere, since a mirror may be behind, or hold one signature and not another.
 */
export class MirroredLocator implements Locator {
  readonly #locator: Locator;
  readonly #settings: MirrorSettings;

  constructor(locator: Locator, settings: MirrorSettings) {
    this.#locator = locator;
    this.#settings = settings;
  }

  async locate(access: Access, query: Query, call: Call): Promise<Evidence> {
    const { mirrors, upstream } = this.#settings.mirroringOf(access.repository);
    const atMirrors = mirrors.filter(({ holdsSignatures }) => holdsSignatures).map((mirror) => this.#atMirror(mirror, query));
    if (upstream === "never") return together(query, await this.#ask(query, atMirrors, call), undefined);
    const attempts = [...atMirrors, (call: Call) => this.#locator.locate(access, query, call)];
    const found = await this.#ask(query, attempts, call);
    return together(query, found.slice(0, atMirrors.length), found[atMirrors.length]);
  }

  #atMirror(mirror: Mirror, query: Query): Attempt<Evidence> {
    const attempt = atMirror(this.#settings, mirror, (access, call) => this.#locator.locate(access, query, call));
    return async (call) => {
      try {
        return await attempt(call);
      } catch (error) {
        // Without its credentials it has not been asked, and that is all that is known.
        if (!(error instanceof UndeterminedError)) throw error;
        return nothingFrom(query, error);
      }
    };
  }

  async #ask(query: Query, attempts: readonly Attempt<Evidence>[], call: Call): Promise<readonly Evidence[]> {
    if (query.freshness === "fresh") return Promise.all(attempts.map((attempt) => attempt(call)));
    const found: Evidence[] = [];
    for (const [i, attempt] of attempts.entries()) {
      const evidence = await attempt(shareOf(call, attempts.length - i, this.#settings.clock));
      found.push(evidence);
      if (evidence.candidates.some((candidate) => claimsSought(candidate, query))) break;
    }
    return found;
  }
}

function together(query: Query, mirrors: readonly Evidence[], own: Evidence | undefined): Evidence {
  return combineEvidence(own, mirrors) ?? nothingFrom(query, new UndeterminedError("InternalError", "there is no place to ask for signatures"));
}
