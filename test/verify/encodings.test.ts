import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { assert, constantFrom, integer, property, uint8Array } from "fast-check";
import t from "tap";
import { decodeBundle } from "../../src/signature/bundle.ts";
import { decodeSimpleSigning } from "../../src/signature/cosign.ts";
import { decodeAttestation } from "../../src/signature/envelope.ts";
import { parsePublicKey, type PublicKey } from "../../src/trust/public-key.ts";
import { isSignedBy, type Wrapping } from "../../src/verify/key.ts";
import { generateSigningKey, type KeyKind, type SigningKey } from "../helpers/signing-key.ts";

const BYTES = Buffer.from("what was signed");
const KINDS: readonly KeyKind[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "rsa-pss", "ed25519", "ed25519ph"];
const HASHES = ["sha1", "sha256", "sha384", "sha512"] as const;
const WRAPPINGS: readonly Wrapping[] = ["simple-signing", "envelope", "bundle"];
const publicKeyOf = ({ publicKey }: SigningKey): PublicKey => parsePublicKey(publicKey);
const signatureOf = (key: SigningKey, format: "legacy" | "bundle"): Buffer => Buffer.from(key.sign(BYTES, format), "base64");

t.test("a signature of each kind with one change", async (t) => {
  const changes: Readonly<Record<string, (good: Buffer) => Uint8Array>> = {
    empty: () => Buffer.alloc(0),
    "one byte": (good) => good.subarray(0, 1),
    "its first byte missing": (good) => good.subarray(1),
    "its last byte missing": (good) => good.subarray(0, -1),
    "a zero behind it": (good) => Buffer.concat([good, Buffer.alloc(1)]),
    "a zero before it": (good) => Buffer.concat([Buffer.alloc(1), good]),
    "twice over": (good) => Buffer.concat([good, good]),
    "zeros of its length": (good) => Buffer.alloc(good.length),
    "ones of its length": (good) => Buffer.alloc(good.length, 255),
    "in hexadecimal": (good) => Buffer.from(good.toString("hex")),
    "in base64": (good) => Buffer.from(good.toString("base64")),
  };
  for (const kind of KINDS) {
    const key = generateSigningKey(kind);
    for (const wrapping of WRAPPINGS) {
      const check = { key: publicKeyOf(key), hash: undefined, wrapping };
      const good = signatureOf(key, wrapping === "bundle" ? "bundle" : "legacy");
      t.equal(isSignedBy(check, BYTES, good), true, `${kind} in a ${wrapping}`);
      t.equal(isSignedBy(check, Buffer.concat([BYTES, Buffer.alloc(1)]), good), false, `${kind} in a ${wrapping}: other bytes`);
      for (const [name, change] of Object.entries(changes)) t.equal(isSignedBy(check, BYTES, change(good)), false, `${kind} in a ${wrapping}: ${name}`);
    }
  }
});

t.test("ECDSA: DER and nothing that merely reads like it", async (t) => {
  // BER's other writings of the same two numbers, and IEEE P1363, which cosign reads where DER does not parse and never
  // writes. A high S is DER, and accepted (verify.test.ts).
  for (const [kind, curve, hash] of [["ecdsa-p256", "P-256", "sha256"], ["ecdsa-p384", "P-384", "sha384"], ["ecdsa-p521", "P-521", "sha512"]] as const) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const check = { key: parsePublicKey(pemOf(publicKey)), hash, wrapping: "bundle" } as const;
    const [r, s] = numbersOf(sign(hash, BYTES, { key: privateKey, dsaEncoding: "ieee-p1363" }));
    const body = Buffer.concat([integerOf(r), integerOf(s)]);
    const padded = (number: Buffer): Buffer => tlv(2, Buffer.concat([Buffer.alloc(2), number]));
    const rows: Readonly<Record<string, readonly [signature: Uint8Array, expected: boolean]>> = {
      "as it should be": [tlv(0x30, body), true],
      "numbers side by side": [Buffer.concat([r, s]), false],
      "a number with zeros before it": [tlv(0x30, Buffer.concat([padded(r), integerOf(s)])), false],
      "a length in more bytes than it needs": [Buffer.concat([Buffer.from([0x30, 0x82, 0, body.length]), body]), false],
      "an indefinite length": [Buffer.concat([Buffer.from([0x30, 0x80]), body, Buffer.alloc(2)]), false],
      "a third number": [tlv(0x30, Buffer.concat([body, integerOf(s)])), false],
      "one number": [tlv(0x30, integerOf(r)), false],
      "a set for a sequence": [tlv(0x31, body), false],
      "numbers in the other order": [tlv(0x30, Buffer.concat([integerOf(s), integerOf(r)])), false],
      "R negative": [tlv(0x30, Buffer.concat([tlv(2, Buffer.concat([Buffer.from([0xff]), r])), integerOf(s)])), false],
    };
    for (const [name, [signature, expected]] of Object.entries(rows)) t.equal(isSignedBy(check, BYTES, signature), expected, `${kind}: ${name}`);
  }
});

t.test("RSA: both paddings, whatever the salt, over the hash that counts alone", async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = parsePublicKey(pemOf(publicKey));
  const pss = (hash: string, saltLength: number): Uint8Array => sign(hash, BYTES, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  for (const saltLength of [0, 20, 32, constants.RSA_PSS_SALTLEN_MAX_SIGN]) t.equal(isSignedBy({ key, hash: undefined, wrapping: "bundle" }, BYTES, pss("sha256", saltLength)), true, `a salt of ${saltLength}`);
  for (const signed of HASHES) {
    for (const stated of [undefined, "sha256", "sha384", "sha512"] as const) {
      const expected = signed === (stated ?? "sha256");
      for (const wrapping of WRAPPINGS) {
        const check = { key, hash: stated, wrapping };
        t.equal(isSignedBy(check, BYTES, sign(signed, BYTES, privateKey)), expected, `${signed}, ${stated ?? "nothing"} is stated, in a ${wrapping}`);
        t.equal(isSignedBy(check, BYTES, pss(signed, 32)), expected, `PSS over ${signed}, ${stated ?? "nothing"} is stated, in a ${wrapping}`);
      }
    }
  }
});

t.test("ECDSA and Ed25519: the hashes that cosign uses with each, in either format, and only a stated one", async (t) => {
  const own = { "ecdsa-p256": "sha256", "ecdsa-p384": "sha384", "ecdsa-p521": "sha512" } as const;
  for (const [kind, curve] of [["ecdsa-p256", "P-256"], ["ecdsa-p384", "P-384"], ["ecdsa-p521", "P-521"]] as const) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const pairs = HASHES.flatMap((hash) => ([undefined, "sha256", "sha384", "sha512"] as const).map((stated) => [hash, stated] as const));
    for (const [hash, stated] of pairs) {
      const expected = stated === undefined ? hash === "sha256" || hash === own[kind] : stated === hash;
      for (const wrapping of WRAPPINGS) t.equal(isSignedBy({ key: parsePublicKey(pemOf(publicKey)), hash: stated, wrapping }, BYTES, sign(hash, BYTES, privateKey)), expected, `${kind}: ${hash}, ${stated ?? "nothing"} is stated, in a ${wrapping}`);
    }
  }
  const key = generateSigningKey("ed25519ph");
  for (const format of ["legacy", "bundle"] as const) {
    for (const wrapping of WRAPPINGS) t.equal(isSignedBy({ key: publicKeyOf(key), hash: undefined, wrapping }, BYTES, signatureOf(key, format)), true, `Ed25519${format === "bundle" ? "ph" : ""} in a ${wrapping}`);
  }
});

t.test("Ed25519: a signature has one S, and the neutral point signs nothing", async (t) => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const key = generateSigningKey("ed25519ph");
  for (const format of ["legacy", "bundle"] as const) {
    const good = signatureOf(key, format);
    const s = BigInt(`0x${Buffer.from(good.subarray(32).toReversed()).toString("hex")}`) + order;
    const other = Buffer.concat([good.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex").toReversed()]);
    for (const wrapping of WRAPPINGS) t.equal(isSignedBy({ key: publicKeyOf(key), hash: undefined, wrapping }, BYTES, other), false, `S beyond the order, ${format} in a ${wrapping}`);
  }
  const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
  for (const wrapping of WRAPPINGS) t.equal(isSignedBy({ key: publicKeyOf(key), hash: undefined, wrapping }, BYTES, neutral), false, wrapping);
});

t.test("no bytes make a decoder throw, and no change to what was signed verifies", async (t) => {
  const bytes = uint8Array({ maxLength: 300 });
  const decoders = [decodeBundle, decodeAttestation, (each: Uint8Array) => decodeSimpleSigning(each, new Map())];
  assert(property(bytes, (each) => decoders.every((decode) => decode(each) !== undefined)), { seed: 20261125, numRuns: 300 });

  const keys = KINDS.map((kind) => generateSigningKey(kind));
  const [first = generateSigningKey()] = keys;
  assert(
    property(constantFrom(...keys), integer({ min: 0 }), integer({ min: 0, max: 7 }), (key, at, bit) => {
      const good = signatureOf(key, "bundle");
      const check = { key: publicKeyOf(key), hash: undefined, wrapping: "bundle" } as const;
      const isStranger = key !== first && isSignedBy({ ...check, key: publicKeyOf(first) }, BYTES, good);
      return !isStranger && !isSignedBy(check, flip(BYTES, at, bit), good) && !isSignedBy(check, BYTES, flip(good, at, bit));
    }),
    { seed: 20261125, numRuns: 150 },
  );
  t.pass();
});

function flip(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const flipped = Buffer.from(bytes);
  const index = at % flipped.length;
  flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
  return flipped;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

function numbersOf(signature: Buffer): readonly [r: Buffer, s: Buffer] {
  const half = signature.length / 2;
  return [signature.subarray(0, half), signature.subarray(half)];
}

/** A number as DER writes it: no byte more than it needs, and never negative. */
function integerOf(number: Buffer): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  const bytes = number.subarray(first);
  return tlv(2, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]));
}

function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(value.length < 0x80 ? [tag, value.length] : [tag, 0x81, value.length]), value]);
}
