import type { Digest } from "../image/digest.ts";
import type { Descriptor, Manifest } from "../image/manifest.ts";
import type { Repository, Target } from "../image/reference.ts";
import type { SignedDocument, Sought } from "../signature/candidate.ts";
import type { KeyAuthority, PullSecretNames } from "../trust/authority.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import type { Evidence } from "../verdict/evidence.ts";
import type { Verification } from "../verify/verify.ts";
import type { Credential } from "./credential.ts";
import type { Keyring } from "./keyring.ts";

/** Bounds of one call: it is over at `deadline` (milliseconds since the epoch, by the clock) or when `signal` aborts. */
export interface Call {
  readonly deadline: number;
  readonly signal: AbortSignal;
  /**
   * When the last of those who wait for the answer leaves, where that may be before the deadline, as in a look-up that
   * several share: beyond it nothing is put off.
   */
  readonly patience?: number;
  /** The most bytes that a manifest or a page of referrers may have, where that is less than the registry client's own limit. */
  readonly maxBytes?: number;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A clock with alarms. */
export interface Timer extends Clock {
  /** Calls `fire` once, `milliseconds` from now; calling the answer cancels it. */
  after(milliseconds: number, fire: () => void): () => void;
}

/** A repository as one asker sees it. */
export interface Access {
  readonly repository: Repository;
  readonly credential: Credential;
}

/**
 * A registry, read only. Every method throws RefusedError (the evidence says no: ImageNotFound, BlockedByRegistry,
 * DigestMismatch, Malformed, TooLarge, RegistryForbidden) or UndeterminedError (Unauthorized, RateLimited,
 * RegistryUnavailable, DeadlineExceeded), and nothing else. The bytes behind every answer have been bounded, hashed
 * and compared before they were parsed.
 */
export interface Registry {
  /** Throws RefusedError (RegistryForbidden) for a host that is a forbidden address as written, before anything is sent. */
  refuseForbidden(repository: Repository): void;
  /** GET of a manifest by tag or digest. */
  fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest>;
  /** A blob's bytes, at most `maxBytes` of them (TooLarge before the first byte when the descriptor says more). */
  fetchBlob(access: Access, descriptor: Descriptor, maxBytes: number, call: Call): Promise<Uint8Array>;
  /** The referrers API, its pages followed. `unsupported` when the registry has no such API (404, 400, 405, 501). */
  listReferrers(access: Access, subject: Digest, call: Call): Promise<Referrers>;
  /**
   * Whether an answer for this target is at hand without a request, found with this very credential. Asked before
   * several credentials are tried in turn, so that the one that is known to work goes first.
   */
  remembers(access: Access, target: Target): boolean;
}

/** As far as an image itself is asked for, and not what is attached to it. */
export type Images = Pick<Registry, "refuseForbidden" | "fetchManifest" | "remembers">;

export type Referrers =
  | { readonly kind: "listed"; readonly descriptors: readonly Descriptor[]; readonly truncated: boolean }
  | { readonly kind: "unsupported" };

/** Harbor's own list of what is attached to a manifest. Throws as a Registry does. */
export interface AccessoryLists {
  /** `unsupported` where it is not there, or not for this asker. */
  listAccessories(access: Access, subject: Digest, call: Call): Promise<AccessoryList>;
}

export type AccessoryList =
  | { readonly kind: "listed"; readonly digests: readonly Digest[] }
  | { readonly kind: "unsupported" };

/** What is asked about one subject in one repository. */
export interface Query {
  readonly subject: Digest;
  readonly sought: Sought;
  /** Before the names of cosign's own tags; empty unless a policy says otherwise. */
  readonly tagPrefix: string;
  /** `fresh`: what a refusal may rest on, so looked up within the last few seconds. `kept`: what is known will do. */
  readonly freshness: "kept" | "fresh";
}

/** Finds the accessories of one subject. Never throws for a location that failed: that is part of the answer. */
export interface Locator {
  locate(access: Access, query: Query, call: Call): Promise<Evidence>;
}

/** The trust policies that may govern the images of a namespace. */
export interface Policies {
  /**
   * Those of the cluster and those of this namespace, with their keys, as they are now. Throws UndeterminedError
   * (PoliciesUnknown, DeadlineExceeded) when they cannot be known.
   */
  policiesFor(namespace: string, call: Call): Promise<readonly TrustPolicy[]>;
}

/** The pull secrets that a policy names for a repository of signatures. Throws UndeterminedError (CredentialsUnavailable, DeadlineExceeded). */
export interface SourceCredentials {
  keyring(secrets: PullSecretNames, call: Call): Promise<Keyring>;
}

/**
 * The installation's own credentials, for the repositories that the configuration grants them to. Throws
 * UndeterminedError (CredentialsUnavailable, DeadlineExceeded) when they must be fetched and cannot be.
 */
export interface InstallationCredentials {
  credentialsFor(repository: Repository, call: Call): readonly Credential[] | Promise<readonly Credential[]>;
}

/** Verifies documents, and remembers what that came to for as long as it likes. */
export interface Verifications {
  /** What is known without work; undefined when it would have to be verified. */
  recall(document: SignedDocument, authority: KeyAuthority): Verification | undefined;
  verify(document: SignedDocument, authority: KeyAuthority): Verification;
}

/** Shares one thread among all who have much to compute. */
export interface Turns {
  /**
   * Resolves when it is this call's turn, with whatever else the process has to do done in between. Throws
   * UndeterminedError (Overloaded) when the call's time would be over.
   */
  take(call: Call): Promise<void>;
}
