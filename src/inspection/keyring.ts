import type { Repository } from "../image/reference.ts";
import type { Credential } from "./credential.ts";

/** Credentials by the repositories that they are for, in the order in which they were given. */
export interface Keyring {
  /** All that match, longest path first as the kubelet tries them; empty when none does. */
  credentialsFor(repository: Repository): readonly Credential[];
}

export const EMPTY_KEYRING: Keyring = { credentialsFor: () => [] };

