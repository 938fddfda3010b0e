import type { PolicySecrets } from "../admission/ports.ts";
import { EMPTY_KEYRING } from "../inspection/keyring.ts";
import type { Policies, SourceCredentials } from "../inspection/ports.ts";

/** Where nobody has written a policy, nothing is governed. */
export const NO_POLICIES: Policies = { policiesFor: async () => [] };

/** Without a cluster there are no pull secrets. */
export const NO_SOURCE_CREDENTIALS: SourceCredentials = { keyring: async () => EMPTY_KEYRING };

/** Without a cluster there are no Secrets. */
export const NO_POLICY_SECRETS: PolicySecrets = {
  read: async ({ namespace, name }) => ({ kind: "absent", message: `the Secret ${namespace}/${name} cannot be read: no API server is asked` }),
};
