import "./reflect-metadata.ts";
import * as x509 from "@peculiar/x509";
import { KeyObject, type webcrypto } from "node:crypto";

/** PEM: a certificate and its private key (PKCS #8). */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Common name; `loopback` when absent. Kubernetes reads a client certificate's user from it. */
  readonly name?: string;
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** What the certificate may be used for; `server` when absent. */
  readonly use?: "server" | "client";
}

export interface Authority {
  /** PEM: what a client trusts. */
  readonly cert: string;
  issue(options?: IssueOptions): Promise<KeyPair>;
}

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR = 3_600_000;

/** A throw-away certificate authority for TLS on loopback. Nothing of it outlives the process that made it. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ECDSA,
    ...validity({}),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${root.toString("pem")}\n`, issue: (options = {}) => issue(root, keys.privateKey, options) };
}

/** An authority and a certificate for `127.0.0.1`, `::1` and `localhost`: what most TLS tests need. */
export async function loopbackCertificate(): Promise<KeyPair & { readonly ca: string }> {
  const authority = await createAuthority("loopback authority");
  const pair = await authority.issue({ dnsNames: ["localhost"], ips: ["127.0.0.1", "::1"] });
  return { ...pair, ca: authority.cert };
}

async function issue(root: x509.X509Certificate, signingKey: webcrypto.CryptoKey, options: IssueOptions): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${options.name ?? "loopback"}`,
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ECDSA,
    ...validity(options),
    extensions: await leafExtensions(root, keys.publicKey, options),
  });
  return { cert: `${certificate.toString("pem")}\n`, key: privatePem(keys.privateKey) };
}

async function leafExtensions(
  root: x509.X509Certificate,
  publicKey: webcrypto.CryptoKey,
  options: IssueOptions,
): Promise<x509.Extension[]> {
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const usage = options.use === "client" ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
    await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ];
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
}

// TLS compares these with the real clock, whatever the test's clock says.
function validity(options: IssueOptions): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  const notAfter = options.notAfter ?? new Date(now + 24 * HOUR);
  const notBefore = options.notBefore ?? new Date(Math.min(now, notAfter.getTime()) - HOUR);
  return { notBefore, notAfter };
}

function privatePem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}
