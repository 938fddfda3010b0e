import { createHmac, randomBytes } from "node:crypto";
import { repositoryName } from "../../image/reference.ts";
import type { Credential } from "../../inspection/credential.ts";
import type { Access } from "../../inspection/ports.ts";

/**
 * Names who asked, without keeping the secret: a keyed hash of (registry, username, secret) as they are sent. What one
 * credential found never answers another's request. Anonymous is one scope for each registry.
 */
export class CredentialScopes {
  // The key lives and dies with the process, so a dumped cache key cannot be tried against guessed passwords elsewhere.
  readonly #key = randomBytes(32);

  /** A cache key's first part: the scope and the repository that was asked about. */
  keyOf({ repository, credential }: Access): string {
    const hash = createHmac("sha256", this.#key);
    for (const part of [repository.host, ...partsOf(credential)]) {
      hash.update(`${Buffer.byteLength(part)}:`).update(part);
    }
    return `${hash.digest("base64url")} ${repositoryName(repository)}`;
  }
}

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
