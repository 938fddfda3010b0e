import { verificationCost } from "../verify/cost.ts";
import { type Attempt, type Verification, verificationKey } from "../verify/verify.ts";
import type { Call, Turns, Verifications } from "./ports.ts";

/** In tenths of a millisecond, as costs are: two seconds for one image, however many signatures lie on it. */
const MOST = 20_000;
/** Five milliseconds, and then others have their turn. */
const TURN = 50;

const POSTPONED = { kind: "postponed" } as const;
const NOT_TRIED = { kind: "rejected", fault: "NotTried" } as const;

/**
 * Verifies for one image, a turn at a time: whoever may push to a repository decides how much there is to verify, and must
 * neither stop the answers to everybody else nor have all of it verified.
 */
export class ImageVerifier {
  readonly #verifications: Verifications;
  readonly #turns: Turns;
  // Kept here as well, so that no turn has to do again what a small cache has dropped meanwhile.
  readonly #done = new Map<string, Verification>();
  #spent = 0;
  #spentInTurn = 0;
  #isPostponed = false;

  constructor(verifications: Verifications, turns: Turns) {
    this.#verifications = verifications;
    this.#turns = turns;
  }

  readonly attempt: Attempt = (document, authority) => {
    const key = verificationKey(document, authority);
    const known = this.#done.get(key) ?? this.#verifications.recall(document, authority);
    if (known !== undefined) return known;
    if (this.#spent >= MOST) return NOT_TRIED;
    if (this.#spentInTurn >= TURN) {
      this.#isPostponed = true;
      return POSTPONED;
    }
    const cost = verificationCost(document, authority);
    this.#spent += cost;
    this.#spentInTurn += cost;
    const verification = this.#verifications.verify(document, authority);
    this.#done.set(key, verification);
    return verification;
  };

  /** Whether anything was postponed since it was last asked; if so, returns in the next turn. Throws as `Turns` does. */
  async goesOn(call: Call): Promise<boolean> {
    if (!this.#isPostponed) return false;
    await this.#turns.take(call);
    this.#isPostponed = false;
    this.#spentInTurn = 0;
    return true;
  }
}
