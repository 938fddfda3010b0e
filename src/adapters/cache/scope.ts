import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { repositoryName } from "../../image/reference.ts";
import type { Credential } from "../../inspection/credential.ts";
import type { Access } from "../../inspection/ports.ts";

/**
 * Names who asked, without keeping the secret: a keyed hash of (registry, username, secret) as they are sent. What one
 * credential found never answers another's request. Anonymous is one scope for each registry.
 */
export class CredentialScopes {
  // The key lives and dies with the process, so a dumped cache key cannot be tried against guessed passwords elsewhere.
  readonly #key = createSecretKey(randomBytes(32));
  /** Every look-up asks several times, with the same few credentials; a credential that is gone takes its scopes along. */
  readonly #known = new WeakMap<Credential, Map<string, string>>();

  /** A cache key's first part: the scope and the repository that was asked about. */
  keyOf({ repository, credential }: Access): string {
    return `${this.#scopeOf(repository.host, credential)} ${repositoryName(repository)}`;
  }

  #scopeOf(host: string, credential: Credential): string {
    const scopes = this.#known.get(credential) ?? new Map<string, string>();
    this.#known.set(credential, scopes);
    const scope = scopes.get(host) ?? this.#hash([host, ...partsOf(credential)]);
    // Whoever writes Pods chooses the hosts, and one credential may be for all of them.
    if (scopes.size < MAX_HOSTS) scopes.set(host, scope);
    return scope;
  }

  #hash(parts: readonly string[]): string {
    const hash = createHmac("sha256", this.#key);
    for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
    return hash.digest("base64url");
  }
}

const MAX_HOSTS = 1000;

function partsOf(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case "anonymous":
      return [credential.kind];
    case "password":
      return [credential.kind, credential.username, credential.password];
    case "identity-token":
      return [credential.kind, credential.token];
  }
}
