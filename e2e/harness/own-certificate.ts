// A serving certificate that somebody else made.
import { createAuthority } from "../../test/helpers/certificates.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./chart.ts";
import type { Cluster } from "./cluster.ts";

/** Puts it into a Secret of that name; its CA. */
export async function putCertificate(cluster: Cluster, name: string): Promise<string> {
  const authority = await createAuthority("somebody");
  const { cert, key } = await authority.issue({ dnsNames: [`${RELEASE}.${RELEASE_NAMESPACE}.svc`] });
  const data = { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
  await cluster.apply(Object.assign({ apiVersion: "v1", kind: "Secret", metadata: { name } }, { type: "kubernetes.io/tls", data }), RELEASE_NAMESPACE);
  return authority.cert;
}
