import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import { caName, createCa, type Holder, issueServing } from "../../src/certificate/issue.ts";
import { pemOf } from "../../src/certificate/certificates.ts";
import { isValid, madeAt, renewalOf, settlingTime } from "../../src/certificate/lifetime.ts";

const NAMES = ["pratique.pratique-system.svc", "pratique.pratique-system.svc.cluster.local", "pratique.pratique-system"];
const HOUR = 3_600_000;
// TLS goes by the clock of the machine.
const now = Date.now();
const order = { names: NAMES, now, expires: now + 24 * HOUR };
const ca = createCa({ ...order, expires: now + 48 * HOUR });
const serving = issueServing(ca, order);

/** What a client that trusts `cas` and calls `name` makes of a server: "authorized", or OpenSSL's code. */
async function handshake(t: Test, server: Holder, cas: readonly Holder[], name = NAMES[0]): Promise<string> {
  const listener = createServer({ cert: server.certificate.toString(), key: pemOf(server.key) }).listen(0, "127.0.0.1");
  t.teardown(() => listener.close());
  await once(listener, "listening");
  const { port } = listener.address() as { readonly port: number };
  const socket = connect({ host: "127.0.0.1", port, servername: name ?? "", ca: cas.map(({ certificate }) => certificate.toString()), rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.destroy();
  return socket.authorized ? "authorized" : codeOf(socket);
}

// Node's types take it for an Error, and it is OpenSSL's code, or an error of Node's own about the name.
function codeOf({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError;
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

t.test("a client that trusts the CA takes the certificate, by each of its names and by no other", async (t) => {
  for (const name of NAMES) t.equal(await handshake(t, serving, [ca], name), "authorized", name);
  t.equal(await handshake(t, serving, [ca], "pratique.other.svc"), "ERR_TLS_CERT_ALTNAME_INVALID");
});

t.test("among several CAs the right one is found, and a client without it refuses", async (t) => {
  const next = createCa(order);
  t.equal(await handshake(t, serving, [next, ca]), "authorized");
  t.equal(await handshake(t, issueServing(next, order), [next, ca]), "authorized");
  t.not(await handshake(t, serving, [next]), "authorized");
});

t.test("a CA signs for nothing but the names that it was made for", async (t) => {
  const stray = { ...order, names: ["kubernetes.default.svc"] };
  // Node has no word for OpenSSL's "permitted subtree violation".
  t.equal(await handshake(t, issueServing(ca, stray), [ca], "kubernetes.default.svc"), "UNSPECIFIED");
});

t.test("what Go's verifier asks for is there", async (t) => {
  t.ok(ca.certificate.ca);
  t.notOk(serving.certificate.ca);
  t.equal(serving.certificate.subjectAltName, NAMES.map((name) => `DNS:${name}`).join(", "));
  t.same(serving.certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"], "for servers, by its extended key usage");
  t.ok(serving.certificate.checkIssued(ca.certificate));
  t.ok(serving.certificate.checkPrivateKey(serving.key));
  t.equal(serving.certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  t.match(caName(ca.certificate), /^pratique-ca-[0-9a-f]{12}$/);
  t.equal(caName(serving.certificate), undefined);
  t.not(issueServing(ca, order).certificate.serialNumber, serving.certificate.serialNumber);
});

t.test("the longest names of Kubernetes fit in", async (t) => {
  const names = [`${"s".repeat(50)}.${"n".repeat(63)}.svc`, `${"s".repeat(50)}.${"n".repeat(63)}.svc.cluster.local`];
  const longest = createCa({ ...order, names });
  t.equal(await handshake(t, issueServing(longest, { ...order, names }), [longest], names[0]), "authorized");
});

t.test("times: good from an hour before, not beyond the CA, renewed after two thirds", async (t) => {
  t.equal(Math.floor(now / 1000) * 1000 - HOUR, serving.certificate.validFromDate.getTime());
  t.equal(issueServing(ca, { ...order, expires: now + 99 * HOUR }).certificate.validTo, ca.certificate.validTo);
  t.ok(isValid(serving.certificate, now - HOUR / 2), "clocks that are behind");
  t.notOk(isValid(serving.certificate, now + 24 * HOUR));
  t.ok(Math.abs(renewalOf(serving.certificate) - now - 16 * HOUR) < 2_000);
  t.ok(now - madeAt(serving.certificate) < 1_000);
  // The first certificate that is written with four digits of the year, and the last with two.
  for (const year of ["2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"]) {
    t.same(createCa({ names: NAMES, now, expires: Date.parse(year) }).certificate.validToDate, new Date(year));
  }
  t.same([settlingTime({ ca: 365 * 24 * HOUR, serving: 1 }), settlingTime({ ca: 60_000, serving: 1 })], [60_000, 2_000]);
});

t.test("what is written is read back, byte for byte", async (t) => {
  t.equal(new X509Certificate(serving.certificate.toString()).fingerprint256, serving.certificate.fingerprint256);
});
