/** A ClusterTrustPolicy that asks for a signature by this key on every image. */
export function policyFor(name: string, publicKey: string) {
  const authorities = [{ name, key: { data: publicKey } }];
  return { apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name }, spec: { images: [{ glob: "**" }], authorities } };
}
