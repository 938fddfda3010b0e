import type { Call } from "../../inspection/ports.ts";
import type { ApiRemover } from "./cluster-client.ts";
import { type Attempt, ClusterError, explained } from "./cluster-error.ts";

/** Deletes a ValidatingWebhookConfiguration, or finds that there is none. Throws ClusterError, which says what to do. */
export async function removeWebhookConfiguration(client: ApiRemover, name: string, call: Call): Promise<"removed" | "absent"> {
  try {
    await client.delete({ path: ["apis", "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", name] }, call);
    return "removed";
  } catch (thrown) {
    if (!(thrown instanceof ClusterError)) throw thrown;
    if (thrown.code === "NotFound") return "absent";
    const attempt: Attempt = { failure: `the ValidatingWebhookConfiguration ${name} could not be deleted`, verb: "delete", resource: `validatingwebhookconfigurations, name ${name},` };
    throw explained(attempt, thrown);
  }
}
