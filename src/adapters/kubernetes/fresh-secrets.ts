import type { PolicySecrets as FreshSecrets } from "../../admission/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import type { SecretRef } from "../../trust/decode.ts";
import type { SecretText } from "../../trust/resolve.ts";
import type { ApiReader } from "./cluster-client.ts";
import { ClusterError } from "./cluster-error.ts";
import { secretLabel } from "./policy-secret.ts";
import { PolicySecrets } from "./policy-secrets.ts";
import type { Timer } from "./timer.ts";

/** Reads the Secrets of a policy under review, past all that is kept: whoever has just written one wants it seen. */
export function freshSecrets(client: ApiReader, timer: Timer): FreshSecrets {
  return { read: (ref, call) => readFresh(new PolicySecrets(client, timer), ref, call) };
}

async function readFresh(secrets: PolicySecrets, ref: SecretRef, call: Call): Promise<SecretText> {
  try {
    await secrets.settle([ref], call);
    return secrets.text(ref);
  } catch (thrown) {
    if (!(thrown instanceof ClusterError)) throw thrown;
    return { kind: "unknown", message: `the Secret ${secretLabel(ref)} could not be read: ${thrown.message}` };
  }
}
