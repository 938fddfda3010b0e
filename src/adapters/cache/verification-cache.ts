import type { Clock, Verifications } from "../../inspection/ports.ts";
import type { SignedDocument } from "../../signature/candidate.ts";
import type { KeyAuthority } from "../../trust/authority.ts";
import { type Verification, type Verify, verificationKey } from "../../verify/verify.ts";
import { type CacheObserver, Store } from "./store.ts";

/**
 * Remembers what verifications came to, by everything that they depend on: the document's bytes and the authority's key
 * and hash. Neither can change under its name, so a rotated key asks anew, and a refusal is as final as a pass.
 */
export class VerificationCache implements Verifications {
  readonly known: Store<Verification>;
  readonly #inner: Verify;
  readonly #observer: CacheObserver;

  constructor(inner: Verify, observer: CacheObserver, { maxBytes, clock }: { readonly maxBytes: number; readonly clock: Clock }) {
    this.#inner = inner;
    this.#observer = observer;
    this.known = new Store("verifications", maxBytes, clock);
  }

  recall(document: SignedDocument, authority: KeyAuthority): Verification | undefined {
    const kept = this.known.get(verificationKey(document, authority));
    if (kept !== undefined) this.#observer.lookup("verifications", "hit");
    return kept;
  }

  verify(document: SignedDocument, authority: KeyAuthority): Verification {
    this.#observer.lookup("verifications", "miss");
    const verification = this.#inner(document, authority);
    this.known.keep(verificationKey(document, authority), verification);
    return verification;
  }
}
