import type { Repository } from "../image/reference.ts";
import type { PublicKey } from "./public-key.ts";
import type { HASH_ALGORITHMS } from "./schema.ts";

export type HashAlgorithm = (typeof HASH_ALGORITHMS)[number];

/** Where an authority's signatures are looked for. */
export type Source =
  | { readonly kind: "image" }
  /** A repository in place of the image's own, with credentials of its own where pull secrets are named. */
  | { readonly kind: "repository"; readonly repository: Repository; readonly tagPrefix: string; readonly pullSecrets: PullSecretNames | undefined };

export interface PullSecretNames {
  readonly namespace: string;
  readonly names: readonly string[];
}

/** What an authority asks of the holder of a key. */
export interface KeyDemand {
  readonly kind: "key";
  readonly name: string;
  /** The only hash that counts; undefined: those that cosign uses with such a key. */
  readonly hash: HashAlgorithm | undefined;
  readonly sources: readonly Source[];
  /** Predicate types of the attestations that must be there; empty: a signature must. */
  readonly attestations: readonly string[];
}

/** Trusts whoever holds a key. */
export interface KeyAuthority extends KeyDemand {
  readonly key: PublicKey;
  /** Names all that a verification by this authority depends on besides what is verified: a cache key's part. */
  readonly revision: string;
}

/** Decides without a look. */
export type StaticAuthority =
  | { readonly kind: "pass"; readonly name: string }
  | { readonly kind: "fail"; readonly name: string; readonly message: string };

/** One acceptable way to be trusted. */
export type Authority = KeyAuthority | StaticAuthority;

/** Who has really signed: a verified key, by its fingerprint. */
export interface Signer {
  readonly kind: "key";
  readonly fingerprint: string;
}
