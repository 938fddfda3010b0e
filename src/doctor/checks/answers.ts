import { type Finding, finding } from "../finding.ts";
import type { CallFailure, Reply } from "../reply.ts";
import type { EntryReply, Installation } from "../snapshot.ts";
import { entryName } from "../trial.ts";

/** An entry that looks nothing up should answer much faster, in milliseconds. */
const SLOW_MS = 1000;

/** What the API server said when it was asked to call Pratique. */
export function checkAnswers({ name, namespace, configuration, replies }: Installation): readonly Finding[] {
  const subject = (part: string): Finding["subject"] => ({ kind: "ValidatingWebhookConfiguration", name: configuration?.name ?? name, part });
  return replies.flatMap((asked) => checkReply(asked, { subject: subject(entryName(asked.entry)), place: { name, namespace } }));
}

interface About {
  readonly subject: Finding["subject"];
  readonly place: { readonly name: string; readonly namespace: string };
}

function checkReply({ entry, reply, milliseconds }: EntryReply, about: About): readonly Finding[] {
  const { subject } = about;
  switch (reply.kind) {
    case "unasked":
      return [];
    case "refused":
      return milliseconds < SLOW_MS ? [] : [finding("SlowAnswer", "advice", { subject, message: `It took ${milliseconds} ms to refuse what needs no look-up.`, remedy: { text: "See whether the Pods have enough CPU, and what lies between the API server and them." } })];
    case "admitted":
      return [notCalled(entry, about)];
    case "failed":
      return [noAnswer(reply, about)];
  }
}

function notCalled(entry: EntryReply["entry"], { subject, place: { name, namespace } }: About): Finding {
  return finding("NotCalled", entry === "enforce" ? "danger" : "broken", {
    subject,
    message: "The API server admitted a dry run that this entry must refuse: it was not called, or the call failed and failurePolicy Ignore let it pass.",
    remedy: { text: `Put right what is found above; where nothing is, see whether the Pods run and what they log: kubectl logs -n ${namespace} deployment/${name}` },
  });
}

function noAnswer({ failure, message }: Extract<Reply, { kind: "failed" }>, { subject, place }: About): Finding {
  const { cause, remedy } = CAUSES[failure];
  return finding("NoAnswer", "broken", { subject, message: `The API server could not call it, and admits nothing in enforcing namespaces. ${cause} It says: ${message}`, remedy: { text: remedy(place) } });
}

interface Cause {
  /** A sentence, or empty where nobody can tell. */
  readonly cause: string;
  readonly remedy: (place: About["place"]) => string;
}

const BUNDLE = ({ namespace }: About["place"]): string => `Compare the caBundle with the Secret of the certificate in ${namespace}; what fills it in is said in the chart's README under Certificate.`;

const CAUSES: Readonly<Record<CallFailure, Cause>> = {
  NoService: { cause: "The Service that the entry names is not there.", remedy: ({ name, namespace }) => `kubectl get service -n ${namespace} ${name}; the chart makes it: helm upgrade.` },
  NoEndpoints: { cause: "No ready Pod stands behind the Service.", remedy: ({ name, namespace }) => `kubectl get pods -n ${namespace}; kubectl logs -n ${namespace} deployment/${name}` },
  UnknownAuthority: { cause: "It does not trust who signed the serving certificate.", remedy: BUNDLE },
  Expired: { cause: "The certificate is not valid now.", remedy: BUNDLE },
  OtherName: { cause: "The certificate is for another name.", remedy: ({ name, namespace }) => `It must be for ${name}.${namespace}.svc.` },
  Timeout: {
    cause: "Nothing came back in time: a firewall or NetworkPolicy between the API server and the Pods, or a Pod network that the API server cannot reach.",
    remedy: () => "Open the webhook's port (8443, on GKE with private nodes by a firewall rule) to the API server; where it has no way into the Pod network, as on EKS with another CNI, use the chart value `hostNetwork`.",
  },
  Refused: { cause: "Nobody listens where the Service leads.", remedy: ({ name, namespace }) => `Compare the ports: kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${name}; kubectl logs -n ${namespace} deployment/${name}` },
  NoSuchHost: { cause: "The address leads nowhere.", remedy: () => "Compare clientConfig of the entry with the Service, and ask the API server's own network and name service." },
  Closed: { cause: "The connection was cut in the middle: a service mesh or proxy that takes the port over, or a Pod that has just ended.", remedy: () => "Take the webhook's port out of the mesh, as with the annotation traffic.sidecar.istio.io/excludeInboundPorts." },
  NotPratique: { cause: "Something answered that is not Pratique, or not this version of it.", remedy: ({ name, namespace }) => `See what the Service selects: kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${name}` },
  Other: { cause: "", remedy: ({ name, namespace }) => `kubectl logs -n ${namespace} deployment/${name}` },
};
