import { base64, type Stored } from "./api-server-double.ts";

export const CLUSTER_POLICIES = "/apis/pratique.dev/v1alpha1/clustertrustpolicies";
export const ALL_POLICIES = "/apis/pratique.dev/v1alpha1/trustpolicies";

/** The collection of the TrustPolicies of a namespace. */
export function policiesOf(namespace: string): string {
  return `/apis/pratique.dev/v1alpha1/namespaces/${namespace}/trustpolicies`;
}

/** The collection of the Secrets of a namespace. */
export function secretsOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}

/** A minimal valid ClusterTrustPolicy: everything, by one key, given as `{data}` or `{secretRef}`. */
export function clusterPolicy(name: string, key: object, generation = 1): Stored {
  return {
    apiVersion: "pratique.dev/v1alpha1",
    kind: "ClusterTrustPolicy",
    metadata: { name, generation },
    spec: { images: [{ glob: "**" }], authorities: [{ key }] },
  };
}

/** The same as a TrustPolicy. */
export function trustPolicy(namespace: string, name: string, key: object, generation = 1): Stored {
  return { ...clusterPolicy(name, key), kind: "TrustPolicy", metadata: { name, namespace, generation } };
}

/** An Opaque Secret with these texts. */
export function textSecret(name: string, texts: Readonly<Record<string, string>>): Stored {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)]));
  return { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name }, data };
}

/** Names a Secret of the policy's own namespace. */
export function inSecret(name: string): object {
  return { secretRef: { name } };
}
