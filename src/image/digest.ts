import { createHash } from "node:crypto";

declare const brand: unique symbol;

/**
 * `algorithm:hex` of some content, as the OCI image specification writes it (descriptor.md, "Digests"): sha256 or
 * sha512, lower-case, of full length. The only ways to one are to parse it and to compute it.
 */
export type Digest = string & { readonly [brand]: "Digest" };

export type DigestAlgorithm = "sha256" | "sha512";

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** Undefined for anything but a complete, lower-case sha256 or sha512 digest. */
export function parseDigest(text: string): Digest | undefined {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, Math.max(colon, 0));
  if (algorithm !== "sha256" && algorithm !== "sha512") return undefined;
  const hex = text.slice(colon + 1);
  if (hex.length !== HEX_LENGTH[algorithm] || !isLowerHex(hex)) return undefined;
  return text as Digest;
}

export function computeDigest(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Whether these bytes are what the digest names. */
export function matchesDigest(digest: Digest, bytes: Uint8Array): boolean {
  return computeDigest(algorithmOf(digest), bytes) === digest;
}

function isLowerHex(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = code >= 0x61 && code <= 0x66;
    if (!isDigit && !isLetter) return false;
  }
  return true;
}
