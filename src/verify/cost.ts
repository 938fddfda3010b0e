import type { SignedDocument } from "../signature/candidate.ts";
import type { KeyAuthority } from "../trust/authority.ts";
import type { KeyKind } from "../trust/public-key.ts";

/**
 * What a verification that fails costs at most: every form and hash of the key's kind is tried. In tenths of a
 * millisecond of one core, from the bench; it only has to be right to a factor of two or so.
 */
const COSTS: Readonly<Record<KeyKind, number>> = { "ecdsa-p256": 1, "ecdsa-p384": 16, "ecdsa-p521": 36, rsa: 1, ed25519: 20 };

/** Bytes that are hashed in a tenth of a millisecond. */
const HASHED = 50_000;

/** What it takes to verify this document by this authority, in tenths of a millisecond of one core; at least 1. */
export function verificationCost(document: SignedDocument, { key }: KeyAuthority): number {
  const { payload } = document.kind === "simple-signing" ? document : document.envelope;
  return COSTS[key.kind] + Math.floor(payload.length / HASHED);
}
