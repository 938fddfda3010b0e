// The API server's words for a webhook that it could not call, as kube-apiserver 1.28 to 1.36 write them.
import t from "tap";
import { causeOf } from "../../src/doctor/call-failure.ts";
import { CALL_FAILURES, type CallFailure, readReply } from "../../src/doctor/reply.ts";

const WEBHOOK = "enforce.pratique.dev";
const called = (cause: string): string => `Internal error occurred: failed calling webhook "${WEBHOOK}": failed to call webhook: Post "https://pratique.pratique-system.svc:443/validate/enforce?timeout=10s": ${cause}`;

const ROWS: readonly (readonly [cause: string, failure: CallFailure])[] = [
  ['service "pratique" not found', "NoService"],
  ['no endpoints available for service "pratique"', "NoEndpoints"],
  ["tls: failed to verify certificate: x509: certificate signed by unknown authority", "UnknownAuthority"],
  ['x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "pratique")', "UnknownAuthority"],
  ["tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-26T08:00:00Z is after 2026-11-25T08:00:00Z", "Expired"],
  ["tls: failed to verify certificate: x509: certificate is valid for a.b.svc, not pratique.pratique-system.svc", "OtherName"],
  ["tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", "OtherName"],
  ["tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match pratique.pratique-system.svc", "OtherName"],
  ["context deadline exceeded", "Timeout"],
  ["net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", "Timeout"],
  ["dial tcp 10.1.2.3:8443: i/o timeout", "Timeout"],
  ["net/http: TLS handshake timeout", "Timeout"],
  ["dial tcp 10.1.2.3:8443: connect: connection refused", "Refused"],
  ["dial tcp: lookup pratique.pratique-system.svc on 10.0.0.10:53: no such host", "NoSuchHost"],
  ["dial tcp 10.1.2.3:8443: connect: no route to host", "NoSuchHost"],
  ["EOF", "Closed"],
  ["read tcp 10.0.0.1:1234->10.1.2.3:8443: read: connection reset by peer", "Closed"],
  ["tls: first record does not look like a TLS handshake", "Closed"],
  ["the server could not find the requested resource", "NotPratique"],
  ["something that nobody has seen", "Other"],
];

t.test("each of the API server's words has a cause and a remedy", async (t) => {
  for (const [cause, failure] of ROWS) {
    t.match(readReply({ code: 500, message: called(cause) }, WEBHOOK), { kind: "failed", failure, message: cause }, cause);
    t.ok(causeOf(failure, { namespace: "pratique-system", serviceName: "pratique", name: "pratique" }).remedy.text);
  }
  t.same(CALL_FAILURES.filter((failure) => !ROWS.some(([, shown]) => shown === failure)), []);
});

t.test("an answer is read for one webhook", async (t) => {
  const denial = 'admission webhook "enforce.pratique.dev" denied the request: container "doctor"';
  t.same(readReply({ code: 201, message: "" }, WEBHOOK), { kind: "admitted" });
  t.same(readReply({ code: 403, message: denial }, WEBHOOK), { kind: "refused" });
  t.match(readReply({ code: 403, message: denial }, "policies.pratique.dev"), { kind: "unasked", why: /not by this webhook/ });
  t.match(readReply({ code: 500, message: called("EOF") }, "policies.pratique.dev"), { kind: "unasked" });
  t.match(readReply({ code: 403, message: 'pods is forbidden: User "a" cannot create resource "pods" in API group "" in the namespace "shop"' }, WEBHOOK), { kind: "unasked", why: "the account may not ask (403)" });
  t.match(readReply({ code: 403, message: 'pods "x" is forbidden: violates PodSecurity "restricted:latest"' }, WEBHOOK), { kind: "unasked", why: /violates PodSecurity/ });
  const { message } = readReply({ code: 500, message: called("x".repeat(5000)) }, WEBHOOK) as { readonly message: string };
  t.equal(message.length, 303);
});
