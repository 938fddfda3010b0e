import type { KeyObject } from "node:crypto";
import { ASN1Obj } from "@sigstore/core";
import type { SigningKey } from "./signing-key.ts";

/** rsaEncryption without the NULL that belongs to it (RFC 4055, section 1.2). */
const RSA_WITHOUT_PARAMETERS = Buffer.from("06092a864886f70d010101", "hex");

/** Ways to write one public key as PEM, by what is unusual about each. */
export function writingsOf({ key, publicKey }: Pick<SigningKey, "key" | "publicKey">): Readonly<Record<string, string>> {
  const usual = { "as cosign does": publicKey, "with CRLF": publicKey.replaceAll("\n", "\r\n"), indented: `\n  ${publicKey}\n\n` };
  const unusual = key.asymmetricKeyType === "ec" ? curveWritings(key) : key.asymmetricKeyType === "rsa" ? rsaWritings(key) : {};
  return { ...usual, ...unusual };
}

// A point by one of its numbers and the other one's sign, or by both and the sign as well (SEC 1, section 2.3.3).
function curveWritings(key: KeyObject): Readonly<Record<string, string>> {
  const [x, y] = [key.export({ format: "jwk" }).x, key.export({ format: "jwk" }).y].map((number) => Buffer.from(number ?? "", "base64url"));
  const [algorithm] = ASN1Obj.parseBuffer(key.export({ type: "spki", format: "der" })).subs;
  const write = (form: number, ...numbers: readonly (Buffer | undefined)[]): string => pemOf(algorithm?.toDER() ?? Buffer.alloc(0), Buffer.concat([Buffer.from([form + ((y?.at(-1) ?? 0) & 1)]), ...numbers.flatMap((each) => each ?? [])]));
  return { compressed: write(2, x), hybrid: write(6, x, y) };
}

function rsaWritings(key: KeyObject): Readonly<Record<string, string>> {
  const numbers = key.export({ type: "pkcs1", format: "der" });
  return { "without parameters": pemOf(tlv(0x30, RSA_WITHOUT_PARAMETERS), numbers), "PKCS #1": key.export({ type: "pkcs1", format: "pem" }).toString() };
}

function pemOf(algorithm: Buffer, bits: Buffer): string {
  const der = tlv(0x30, Buffer.concat([algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), bits]))]));
  return `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}
