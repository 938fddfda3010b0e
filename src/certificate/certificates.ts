import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { caName, type Holder, maySignFor } from "./issue.ts";
import { isValid } from "./lifetime.ts";
import { certificateBlocks } from "./pem.ts";

/** What the replicas share: everything that is needed to serve, to be trusted, and to renew both. */
export interface Certificates {
  /** The newest CA, the only one whose key is still there. */
  readonly ca: Holder;
  /** CAs from before, trusted until they expire: replicas may serve what they signed. */
  readonly olderCas: readonly X509Certificate[];
  /** Signed by one of them all. */
  readonly serving: Holder;
}

/** What of it can be used. A part that cannot is missing here, and is told of among the faults. */
export interface Found {
  readonly ca: Holder | undefined;
  readonly olderCas: readonly X509Certificate[];
  readonly serving: Holder | undefined;
  /** Words for a log; they quote nothing. Empty for a Secret that nobody has filled yet. */
  readonly faults: readonly string[];
}

/** The keys of the Secret, named as cert-manager names them. */
export const SECRET_KEYS = ["ca.crt", "ca.key", "tls.crt", "tls.key"] as const;

export type SecretData = Readonly<Partial<Record<(typeof SECRET_KEYS)[number], string>>>;

/** PEM by the Secret's keys: `ca.crt` has every CA, the newest first. */
export function encodeCertificates({ ca, olderCas, serving }: Certificates): Required<SecretData> {
  return {
    "ca.crt": [ca.certificate, ...olderCas].map(String).join(""),
    "ca.key": pemOf(ca.key),
    "tls.crt": serving.certificate.toString(),
    "tls.key": pemOf(serving.key),
  };
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Reads what anybody may have written: whatever it does not return has not been believed. */
export function decodeCertificates(data: SecretData, names: readonly string[], now: number): Found {
  if (SECRET_KEYS.every((key) => !data[key])) return { ca: undefined, olderCas: [], serving: undefined, faults: [] };
  const cas = certificatesIn(data["ca.crt"] ?? "").filter((certificate) => caName(certificate) !== undefined && isValid(certificate, now));
  const caKey = keyIn(data["ca.key"] ?? "");
  const newest = caKey && cas.find((certificate) => certificate.checkPrivateKey(caKey) && maySignFor(certificate, names));
  const serving = servingIn(data);
  const fault = serving === undefined ? "tls.crt and tls.key are not a certificate and its key" : servingFault(serving.certificate, cas, { names, now });
  return {
    ca: newest && caKey && { certificate: newest, key: caKey },
    olderCas: cas.filter((certificate) => certificate !== newest),
    serving: fault === undefined ? serving : undefined,
    faults: [...(newest === undefined ? ["ca.crt and ca.key are not a CA of Pratique's that is still good, and its key"] : []), ...(fault === undefined ? [] : [fault])],
  };
}

/** Every certificate in a PEM text; what is none is passed over. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => attempt(() => new X509Certificate(block)) ?? []);
}

/** The CA that signed a certificate. */
export function issuerOf(certificate: X509Certificate, cas: readonly X509Certificate[]): X509Certificate | undefined {
  return cas.find((ca) => isIssuedBy(certificate, ca));
}

/** Whether a CA signed a certificate. */
export function isIssuedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

function servingIn(data: SecretData): Holder | undefined {
  const [certificate] = certificatesIn(data["tls.crt"] ?? "");
  const key = keyIn(data["tls.key"] ?? "");
  return certificate !== undefined && key !== undefined && certificate.checkPrivateKey(key) ? { certificate, key } : undefined;
}

function servingFault(certificate: X509Certificate, cas: readonly X509Certificate[], { names, now }: { readonly names: readonly string[]; readonly now: number }): string | undefined {
  if (!isValid(certificate, now)) return "the certificate in tls.crt has expired, or is not good yet";
  if (names.some((name) => certificate.checkHost(name, { subject: "never" }) === undefined)) return `the certificate in tls.crt is not for ${names.join(", ")}`;
  return issuerOf(certificate, cas) !== undefined ? undefined : "no CA in ca.crt signed the certificate in tls.crt";
}

function keyIn(pem: string): KeyObject | undefined {
  return attempt(() => createPrivateKey(pem));
}

// OpenSSL throws for whatever it cannot read.
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
