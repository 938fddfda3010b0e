import { messageOf } from "../errors.ts";
import type { Problem } from "../schema/problem.ts";
import type { Authority, KeyAuthority, StaticAuthority } from "./authority.ts";
import type { DecodedPolicy, KeyAuthoritySpec, SecretRef } from "./decode.ts";
import { parsePublicKey, type PublicKey } from "./public-key.ts";
import type { TrustPolicy } from "./trust-policy.ts";

/** What a Secret holds at the place that a policy names. `absent`: there is none, and why. `unknown`: it could not be read. */
export type SecretText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent"; readonly message: string }
  | { readonly kind: "unknown"; readonly message: string };

/**
 * A policy with the keys of its Secrets. One Secret that is not there, or holds no key, makes the whole policy invalid: a
 * policy is Ready, or lets nothing in.
 */
export function resolvePolicy({ id, globs, spec }: DecodedPolicy, secret: (ref: SecretRef) => SecretText): TrustPolicy {
  if (spec.kind === "unreadable") return { id, globs, state: { kind: "invalid", problems: spec.problems } };
  const problems: Problem[] = [];
  const unknown: string[] = [];
  const authorities = spec.authorities.flatMap((authority): readonly Authority[] => {
    if (authority.kind !== "key") return [authority];
    const key = keyOf(authority, secret);
    if (key.kind === "key") return [keyAuthority(authority, key.key)];
    if (key.kind === "unknown") unknown.push(key.message);
    else problems.push(key.problem);
    return [];
  });
  const [message] = unknown;
  if (problems.length > 0) return { id, globs, state: { kind: "invalid", problems } };
  if (message !== undefined) return { id, globs, state: { kind: "unknown", message } };
  return { id, globs, state: { kind: "ready", authorities, threshold: spec.threshold, index: spec.index } };
}

type Key = { readonly kind: "key"; readonly key: PublicKey } | { readonly kind: "problem"; readonly problem: Problem } | { readonly kind: "unknown"; readonly message: string };

function keyOf({ key }: KeyAuthoritySpec, secret: (ref: SecretRef) => SecretText): Key {
  if (key.kind === "inline") return { kind: "key", key: key.key };
  const found = secret(key.ref);
  switch (found.kind) {
    case "unknown":
      return found;
    case "absent":
      return { kind: "problem", problem: { path: key.path, message: found.message } };
    case "text":
      try {
        return { kind: "key", key: parsePublicKey(found.text) };
      } catch (error) {
        return { kind: "problem", problem: { path: key.path, message: `the Secret ${key.ref.namespace}/${key.ref.name}, key ${key.ref.key}, ${messageOf(error)}` } };
      }
  }
}

function keyAuthority({ name, hash, sources, attestations }: Exclude<KeyAuthoritySpec, StaticAuthority>, key: PublicKey): KeyAuthority {
  return { kind: "key", name, key, hash, sources, attestations, revision: `${key.kind} ${key.fingerprint} ${hash ?? "any"}` };
}
