import { type Entry, webhookName } from "../admission/entry.ts";
import type { JsonObject } from "../json.ts";

/** The entries that can be asked without looking anything up; each answers for the whole way from the API server to a Pod. */
export const ASKABLE = ["policies", "namespaces", "enforce"] as const satisfies readonly Entry[];
export type Askable = (typeof ASKABLE)[number];

/** An object that an entry must refuse without looking anything up; it is created as a dry run alone. */
export interface Trial {
  readonly entry: Askable;
  /** The collection that it is created in. */
  readonly path: readonly string[];
  readonly object: JsonObject;
}

const NAME = "pratique-doctor";

/** A misspelt field, which the definition lets through and the decoder refuses; a TrustPolicy may do no harm elsewhere. */
export function policyTrial(namespace: string): Trial {
  const spec = { images: [{ glob: "doctor.invalid/**" }], authorities: [{ static: { action: "fail" } }], askedByDoctor: true };
  return { entry: "policies", path: ["apis", "pratique.dev", "v1alpha1", "namespaces", namespace, "trustpolicies"], object: { apiVersion: "pratique.dev/v1alpha1", kind: "TrustPolicy", metadata: { name: NAME }, spec } };
}

/** A namespace with a label that nobody can read. */
export function namespaceTrial(): Trial {
  return { entry: "namespaces", path: ["api", "v1", "namespaces"], object: { apiVersion: "v1", kind: "Namespace", metadata: { name: NAME, labels: { "pratique.dev/enforce": "asked-by-doctor" } } } };
}

/** A Pod whose image is no reference, in a namespace that enforces; restricted, so that Pod Security lets it through. */
export function podTrial(namespace: string): Trial {
  const securityContext = { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 65532, capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } };
  const resources = { requests: { cpu: "1m", memory: "1Mi" }, limits: { cpu: "1m", memory: "1Mi" } };
  const spec = { automountServiceAccountToken: false, containers: [{ name: "doctor", image: "doctor.invalid/Asked-By-Doctor", securityContext, resources }] };
  return { entry: "enforce", path: ["api", "v1", "namespaces", namespace, "pods"], object: { apiVersion: "v1", kind: "Pod", metadata: { name: NAME }, spec } };
}

/** `enforce.pratique.dev`. */
export function entryName(entry: Entry): string {
  return webhookName(entry).replace("the webhook ", "");
}
