/** What the API server answered to a dry run that a webhook must refuse. */
export interface TrialAnswer {
  /** HTTP status. */
  readonly code: number;
  /** `message` of the Status, or what stands for it. */
  readonly message: string;
}

export type Reply =
  /** The webhook was called, and refused what it must. */
  | { readonly kind: "refused" }
  /** Nobody refused: the entry was not called, or its call failed and nobody was told. */
  | { readonly kind: "admitted" }
  /** The API server could not call it. */
  | { readonly kind: "failed"; readonly failure: CallFailure; readonly message: string }
  /** Somebody else refused first, or the account may not ask. */
  | { readonly kind: "unasked"; readonly why: string };

/** Why an API server could not call a webhook. */
export const CALL_FAILURES = ["NoService", "NoEndpoints", "UnknownAuthority", "Expired", "OtherName", "Timeout", "Refused", "NoSuchHost", "Closed", "NotPratique", "Other"] as const;
export type CallFailure = (typeof CALL_FAILURES)[number];

// The words of Go's net, crypto/tls and apiserver packages, in the order in which one text could fit several.
const FAILURES: readonly (readonly [words: RegExp, failure: CallFailure])[] = [
  [/service "[^"]*" not found/, "NoService"],
  [/no endpoints available|no service port|endpoints "[^"]*" not found/, "NoEndpoints"],
  [/certificate has expired or is not yet valid/, "Expired"],
  [/x509: certificate is (not )?valid for|doesn't contain any IP SANs|x509: certificate relies on legacy/, "OtherName"],
  [/x509:|certificate signed by unknown authority|tls: failed to verify/, "UnknownAuthority"],
  [/deadline exceeded|i\/o timeout|Client\.Timeout|request canceled|TLS handshake timeout/, "Timeout"],
  [/connection refused/, "Refused"],
  [/no such host|server misbehaving|no route to host|network is unreachable/, "NoSuchHost"],
  [/EOF|connection reset|broken pipe|http2: |first record does not look like a TLS handshake|remote error: tls/, "Closed"],
  [/could not find the requested resource|unable to handle the request|expected webhook response|received invalid webhook response|not allowed/, "NotPratique"],
];

/** Reads an answer: `webhook` is the entry that has to refuse. */
export function readReply({ code, message }: TrialAnswer, webhook: string): Reply {
  if (code >= 200 && code < 300) return { kind: "admitted" };
  if (message.includes(`admission webhook "${webhook}" denied the request`)) return { kind: "refused" };
  if (message.includes(`failed calling webhook "${webhook}"`)) return { kind: "failed", failure: failureOf(message), message: cause(message) };
  return { kind: "unasked", why: code === 403 && /cannot (create|patch) resource/.test(message) ? "the account may not ask (403)" : `the API server answered ${code}, and not by this webhook: ${shortened(message)}` };
}

function failureOf(message: string): CallFailure {
  return FAILURES.find(([words]) => words.test(message))?.[1] ?? "Other";
}

// What comes before it names webhook and address, which whoever reads this knows.
function cause(message: string): string {
  const call = /failed to call webhook: (?:Post "[^"]*": )?(.*)$/s.exec(message)?.[1] ?? message;
  return shortened(call);
}

const MOST = 300;

function shortened(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST)}...` : text;
}
