import { EMPTY_KEYRING } from "../inspection/keyring.ts";
import type { Policies, SourceCredentials } from "../inspection/ports.ts";

/** Where nobody has written a policy, nothing is governed. */
export const NO_POLICIES: Policies = { policiesFor: async () => [] };

/** Without a cluster there are no pull secrets. */
export const NO_SOURCE_CREDENTIALS: SourceCredentials = { keyring: async () => EMPTY_KEYRING };
