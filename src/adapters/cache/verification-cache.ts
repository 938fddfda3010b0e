import type { Clock } from "../../inspection/ports.ts";
import type { SignedDocument } from "../../signature/candidate.ts";
import type { KeyAuthority } from "../../trust/authority.ts";
import type { Verification, Verify } from "../../verify/verify.ts";
import { type CacheObserver, Store } from "./store.ts";

/**
 * Remembers what verifications came to, by everything that they depend on: the document's bytes and the authority's key
 * and hash. Neither can change under its name, so a rotated key asks anew, and a refusal is as final as a pass.
 */
export class VerificationCache {
  readonly known: Store<Verification>;
  readonly #inner: Verify;
  readonly #observer: CacheObserver;

  constructor(inner: Verify, observer: CacheObserver, { maxBytes, clock }: { readonly maxBytes: number; readonly clock: Clock }) {
    this.#inner = inner;
    this.#observer = observer;
    this.known = new Store("verifications", maxBytes, clock);
  }

  readonly verify: Verify = (document: SignedDocument, authority: KeyAuthority): Verification => {
    const key = `${document.id} ${authority.revision}`;
    const kept = this.known.get(key);
    this.#observer.lookup("verifications", kept === undefined ? "miss" : "hit");
    if (kept !== undefined) return kept;
    const verification = this.#inner(document, authority);
    this.known.keep(key, verification);
    return verification;
  };
}
