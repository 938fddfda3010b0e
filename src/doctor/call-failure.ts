import { advise, type Remedy } from "./finding.ts";
import type { CallFailure } from "./reply.ts";

/** Where Service and Deployment of an installation are. */
export interface Place {
  readonly namespace: string;
  readonly serviceName: string;
  readonly name: string;
}

/** What stands behind a call that failed. */
export interface Cause {
  /** A sentence; empty where nobody can tell. */
  readonly text: string;
  readonly remedy: Remedy;
}

/** What the API server's words most likely mean, and what to do. */
export function causeOf(failure: CallFailure, place: Place): Cause {
  const { namespace, serviceName } = place;
  switch (failure) {
    case "NoService":
      return { text: "The Service that the entry names is not there.", remedy: advise("Apply the chart again, which makes it.", `kubectl get service -n ${namespace} ${serviceName}`) };
    case "NoEndpoints":
      return { text: "No ready Pod stands behind the Service.", remedy: advise("See what keeps the Pods from being ready:", `kubectl get pods -n ${namespace}`, logs(place)) };
    case "UnknownAuthority":
      return { text: "It does not trust whoever signed the serving certificate: the caBundle and the Secret do not belong together.", remedy: CERTIFICATE };
    case "Expired":
      return { text: "The serving certificate, or its authority, is not valid now.", remedy: CERTIFICATE };
    case "OtherName":
      return { text: "The serving certificate is for another name.", remedy: advise(`Have one made for ${serviceName}.${namespace}.svc.`) };
    case "Timeout":
      return {
        text: "Nothing came back in time: a firewall or a NetworkPolicy between the API server and the Pods, a Pod network that the API server has no way into, or a Pod that hangs.",
        remedy: advise("Open the webhook's port (8443; on GKE with private nodes by a firewall rule) to the API server. Where it has no way into the Pod network, as on EKS with another CNI, use the chart value `hostNetwork`.", endpoints(place)),
      };
    case "Refused":
      return { text: "Nobody listens at the address that it called.", remedy: advise("Compare the ports of Service and Pods, and see whether the Pods run:", endpoints(place), logs(place)) };
    case "NoSuchHost":
      return { text: "The address that it called leads nowhere.", remedy: advise("Compare `clientConfig` of the entry with the Service, and ask the API server's own network and name service.", endpoints(place)) };
    case "Closed":
      return { text: "The connection was cut: by a service mesh or proxy that takes the port over, or by a Pod that has just ended.", remedy: advise("Take the webhook's port out of the mesh, with Istio by the annotation traffic.sidecar.istio.io/excludeInboundPorts on the Pods.", logs(place)) };
    case "NotPratique":
      return { text: "Something answered that is not Pratique, or not this version of it.", remedy: advise("See what the Service selects:", endpoints(place)) };
    case "Other":
      return { text: "", remedy: advise("See what the Pods say:", logs(place)) };
  }
}

const CERTIFICATE = advise("What is wrong with either is said at the certificate below; where nothing is, look again in a minute, when the API server has read the configuration.");

function logs({ namespace, name }: Place): string {
  return `kubectl logs -n ${namespace} deployment/${name}`;
}

function endpoints({ namespace, serviceName }: Place): string {
  return `kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${serviceName}`;
}
