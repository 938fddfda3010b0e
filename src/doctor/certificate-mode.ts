import { advise, type Remedy } from "./finding.ts";
import type { Installation } from "./snapshot.ts";

/** Who looks after the certificate, as the chart value `certificate.mode` has it. */
export type CertificateMode = "managed" | "cert-manager" | "secret";

export function certificateMode({ configuration, deployment }: Installation): CertificateMode {
  if (configuration?.annotations.has("cert-manager.io/inject-ca-from")) return "cert-manager";
  return deployment.kind === "seen" && deployment.value?.isCertificateManaged ? "managed" : "secret";
}

/** How a certificate or a caBundle that is not right becomes right. */
export function renewal(installation: Installation): Remedy {
  const { namespace, name, release } = installation;
  switch (certificateMode(installation)) {
    case "managed":
      return advise("Pratique looks after both by itself, and says in its log what keeps it from doing so:", `kubectl logs -n ${namespace} deployment/${name}`);
    case "cert-manager":
      return advise("cert-manager makes the certificate, and its CA injector fills in the caBundle; see what keeps them from doing so:", `kubectl describe certificate -n ${namespace}`);
    case "secret":
      return advise("Put a certificate and its key into the Secret, and have the chart write the CA that signed it:", `helm upgrade ${release} charts/pratique -n ${namespace} --reuse-values --set-file certificate.caBundle=ca.crt`);
  }
}
