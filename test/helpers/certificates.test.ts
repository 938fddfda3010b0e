import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import t from "tap";
import { createAuthority, type KeyPair, loopbackCertificate } from "./certificates.ts";

t.test("a server certificate names what it was asked to name", async (t) => {
  const authority = await createAuthority("throw-away");
  const notAfter = new Date("2001-02-03T04:05:06Z");
  const pair = await authority.issue({ name: "web", dnsNames: ["registry.test"], ips: ["127.0.0.2"], notAfter });
  const certificate = new X509Certificate(pair.cert);
  const root = new X509Certificate(authority.cert);
  t.ok(root.ca);
  t.notOk(certificate.ca);
  t.ok(certificate.checkIssued(root));
  t.ok(certificate.verify(root.publicKey));
  t.notOk(certificate.verify((new X509Certificate((await createAuthority("throw-away")).cert)).publicKey));
  t.equal(certificate.subject, "CN=web");
  t.equal(certificate.checkHost("registry.test"), "registry.test");
  t.equal(certificate.checkHost("other.test"), undefined);
  t.equal(certificate.checkIP("127.0.0.2"), "127.0.0.2");
  t.equal(certificate.validToDate.getTime(), notAfter.getTime());
  t.ok(certificate.validFromDate < certificate.validToDate);
  t.match(pair.key, /^-----BEGIN PRIVATE KEY-----\n/);
});

t.test("a server that asks for client certificates", async (t) => {
  const { ca, ...pair } = await loopbackCertificate();
  const clients = await createAuthority("clients");
  const server = createServer({ ...pair, ca: clients.cert, requestCert: true, rejectUnauthorized: true });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const accepted = (client: Partial<KeyPair>) =>
    new Promise<string>((resolve) => {
      server.once("secureConnection", (socket: TLSSocket) => {
        resolve(socket.getPeerCertificate().subject.CN?.toString() ?? "");
        socket.destroy();
      });
      server.once("tlsClientError", () => resolve("refused"));
      const socket = connect({ host: "127.0.0.1", port, ca, ...client });
      socket.on("error", () => socket.destroy());
    });

  t.equal(await accepted(await clients.issue({ name: "apiserver", use: "client" })), "apiserver");
  t.equal(await accepted({}), "refused", "no certificate");
  t.equal(await accepted(await clients.issue({ name: "apiserver", use: "server" })), "refused", "a server's certificate");
  t.equal(await accepted(await (await createAuthority("clients")).issue({ use: "client" })), "refused", "another authority's");
});
