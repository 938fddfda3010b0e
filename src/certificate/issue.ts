import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bitString, integer, octetString, oid, sequence, set, tagged, taggedPrimitive, time, TRUE, utf8 } from "./der.ts";

/** A certificate with its private key. */
export interface Holder {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** Whom a certificate is for, and until when, in milliseconds since the epoch. */
export interface Order {
  /** DNS names; the first one is the one that the API server calls. */
  readonly names: readonly string[];
  readonly now: number;
  readonly expires: number;
}

/** How far clocks may be behind ours, in milliseconds: a certificate is good from that long before it was made. */
export const BACKDATE = 3_600_000;

/**
 * A new CA that can sign for these names and for nothing else (RFC 5280, sections 4.2.1.9 and 4.2.1.10). ECDSA P-256.
 */
export function createCa(order: Order): Holder {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = keyId(publicKey);
  // CAs of the same name would be told apart by their key identifiers alone.
  const name = `pratique-ca-${id.toString("hex").slice(0, 12)}`;
  const extensions = [
    critical("2.5.29.19", sequence(TRUE, integer(Buffer.of(0)))),
    critical("2.5.29.15", bitString(Buffer.of(KEY_CERT_SIGN), 6)),
    extension("2.5.29.14", octetString(id)),
    critical("2.5.29.30", sequence(tagged(0, ...order.names.map(subtree)))),
  ];
  const certificate = signed({ order, issuer: name, subject: name, publicKey, extensions }, privateKey);
  return { certificate, key: privateKey };
}

/** A new key and a certificate for a server of these names, good no longer than the CA. */
export function issueServing(ca: Holder, order: Order): Holder {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [subject = ""] = order.names;
  const extensions = [
    critical("2.5.29.19", sequence()),
    critical("2.5.29.15", bitString(Buffer.of(DIGITAL_SIGNATURE), 1)),
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", sequence(...order.names.map((dns) => taggedPrimitive(2, Buffer.from(dns))))),
    extension("2.5.29.14", octetString(keyId(publicKey))),
    extension("2.5.29.35", sequence(taggedPrimitive(0, keyId(ca.certificate.publicKey)))),
  ];
  const expires = Math.min(order.expires, ca.certificate.validToDate.getTime());
  const certificate = signed({ order: { ...order, expires }, issuer: caName(ca.certificate) ?? "", subject, publicKey, extensions }, ca.key);
  return { certificate, key: privateKey };
}

/** Whether a CA that we made may sign for these names, by its constraints as they are written here. */
export function maySignFor({ raw }: X509Certificate, names: readonly string[]): boolean {
  return names.every((dns) => raw.includes(subtree(dns)));
}

function subtree(dns: string): Buffer {
  return sequence(taggedPrimitive(2, Buffer.from(dns)));
}

/** The name of a CA that we made. Undefined for any other. */
export function caName({ ca, subject }: X509Certificate): string | undefined {
  return ca ? /^CN=(pratique-ca-[0-9a-f]+)$/.exec(subject)?.[1] : undefined;
}

const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

interface Body {
  readonly order: Order;
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function signed({ order, issuer, subject, publicKey, extensions }: Body, key: KeyObject): X509Certificate {
  const body = sequence(
    tagged(0, integer(Buffer.of(VERSION_3))),
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(time(order.now - BACKDATE), time(order.expires)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensions)),
  );
  return new X509Certificate(sequence(body, ECDSA_WITH_SHA256, bitString(sign("sha256", body, key))));
}

const VERSION_3 = 2;

function nameOf(text: string): Buffer {
  // The longest common name that RFC 5280 allows; what a server is called is said by its alternative names.
  return sequence(set(sequence(oid("2.5.4.3"), utf8(text.slice(0, 64)))));
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(oid(id), TRUE, octetString(value));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), octetString(value));
}

/** RFC 7093, section 2, method 1. */
function keyId(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return createHash("sha256").update(point).digest().subarray(0, 20);
}
