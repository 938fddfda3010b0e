import { readdirSync } from "node:fs";
import { assert, property, string, uint8Array } from "fast-check";
import t from "tap";
import { computeDigest } from "../../src/image/digest.ts";
import { decodeManifest } from "../../src/image/manifest.ts";
import { decodeBundle } from "../../src/signature/bundle.ts";
import type { Claim, SignedDocument } from "../../src/signature/candidate.ts";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import { decodeAttestation } from "../../src/signature/envelope.ts";
import type { HashAlgorithm, KeyAuthority } from "../../src/trust/authority.ts";
import { parsePublicKey } from "../../src/trust/public-key.ts";
import { verifyDocument } from "../../src/verify/verify.ts";
import { type Bundle, bundleOf } from "../helpers/cosign-bundle.ts";
import { simpleSigningPayload } from "../helpers/cosign.ts";
import { IN_TOTO, preAuthenticationEncoding } from "../helpers/in-toto.ts";
import { fixture } from "../helpers/layouts.ts";
import { generateSigningKey, type KeyKind, type SigningKey } from "../helpers/signing-key.ts";

const SUBJECT = computeDigest("sha256", Buffer.from("image"));
const PAYLOAD = simpleSigningPayload(SUBJECT, "registry.example.com/shop/web");
const KINDS: readonly KeyKind[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "rsa-pss", "ed25519", "ed25519ph"];

function authority(publicKey: string, hash?: HashAlgorithm): KeyAuthority {
  const key = parsePublicKey(publicKey);
  return { kind: "key", name: "release", key, hash, sources: [], attestations: [], revision: key.fingerprint };
}

function documentOf(claim: Claim): SignedDocument {
  if (claim.kind !== "claims" && claim.kind !== "attests") throw new TypeError(`no signed document: ${JSON.stringify(claim)}`);
  return claim.document;
}

const simple = (signature: string, payload = PAYLOAD): SignedDocument => documentOf(decodeSimpleSigning(payload, new Map([[SIGNATURE_ANNOTATION, signature]])));
const bundled = (key: SigningKey, change?: (bundle: Bundle) => unknown): SignedDocument => documentOf(decodeBundle(bundleOf(SUBJECT, { key, ...(change && { bundle: change }) })).claim);
const outcome = (document: SignedDocument, key: SigningKey, hash?: HashAlgorithm): string => {
  const verification = verifyDocument(document, authority(key.publicKey, hash));
  return verification.kind === "verified" ? "verified" : verification.fault;
};

t.test("every key of every kind verifies what it has signed, in each layout, and nothing else", async (t) => {
  const keys = KINDS.map((kind) => generateSigningKey(kind));
  for (const signer of keys) {
    const documents = { ".sig": simple(signer.sign(PAYLOAD, "legacy")), bundle: bundled(signer) };
    for (const [layout, document] of Object.entries(documents)) {
      for (const key of [...keys, ...KINDS.map((kind) => generateSigningKey(kind))]) {
        t.equal(outcome(document, key), key === signer ? "verified" : "BadSignature", `${signer.kind} in ${layout} by ${key === signer ? "itself" : key.kind}`);
      }
    }
  }
});

t.test("what the real cosign signed verifies by its own key and by no other", async (t) => {
  const keys = { k2: fixture("keys/k2.pub").toString(), k3: fixture("keys/k3.pub").toString(), fresh: generateSigningKey().publicKey };
  const rows: readonly (readonly [layout: string, key: string, documents: number])[] = [["t2", "k2", 1], ["t2rec", "k2", 3], ["t2oci", "k2", 1], ["t2att", "k2", 2], ["t3sc", "k3", 1], ["t3rec", "k3", 3], ["t3att", "k3", 2], ["kl1", "none", 1], ["kl2t", "none", 1], ["kl2legacy", "none", 1]];
  for (const [layout, own, count] of rows) {
    const documents = documentsOf(layout);
    t.equal(documents.length, count, layout);
    for (const document of documents) {
      for (const [name, publicKey] of Object.entries(keys)) t.equal(verifyDocument(document, authority(publicKey)).kind, name === own ? "verified" : "rejected", `${layout} by ${name}`);
    }
  }
});

t.test("the hash that each tool uses, and only the one that is stated", async (t) => {
  const p384 = generateSigningKey("ecdsa-p384");
  for (const [document, hash] of [[simple(p384.sign(PAYLOAD, "legacy")), "sha256"], [bundled(p384), "sha384"], [simple(p384.sign(PAYLOAD, "bundle")), "sha384"]] as const) {
    for (const stated of ["sha256", "sha384", "sha512", undefined] as const) t.equal(outcome(document, p384, stated), stated === undefined || stated === hash ? "verified" : "BadSignature", `${hash}, ${stated ?? "none"} is stated`);
  }
  const p256 = generateSigningKey();
  t.equal(outcome(simple(p256.sign(PAYLOAD, "legacy")), p256, "sha512"), "BadSignature");
  const ed25519 = generateSigningKey("ed25519ph");
  t.equal(outcome(simple(ed25519.sign(PAYLOAD, "bundle")), ed25519), "verified", "cosign 2.6 and 3.1 write Ed25519ph into .sig layers too");
});

t.test("one change to a good signature", async (t) => {
  const key = generateSigningKey();
  const good = Buffer.from(key.sign(PAYLOAD, "legacy"), "base64");
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  const { r, s } = parseDer(good);
  const rows: readonly (readonly [name: string, document: SignedDocument, expected: string])[] = [
    ["as it is", simple(base64(good)), "verified"],
    ["a bit of it", simple(base64(flipped)), "BadSignature"],
    ["truncated", simple(base64(good.subarray(0, -1))), "BadSignature"],
    ["padded", simple(base64(Buffer.concat([good, Buffer.from([0])]))), "BadSignature"],
    ["one byte", simple("AA=="), "BadSignature"],
    ["base64 with a newline", simple(`${base64(good)}\n`), "NotBase64"],
    ["base64 for URLs", simple(base64(Buffer.from([251, 255, 190]))
      .replaceAll("+", "-")
      .replaceAll("/", "_")), "NotBase64"],
    ["no base64", simple("!"), "NotBase64"],
    ["of another payload", simple(key.sign(simpleSigningPayload(SUBJECT, "elsewhere"), "legacy")), "BadSignature"],
    ["over another payload", simple(base64(good), simpleSigningPayload(SUBJECT, "elsewhere")), "BadSignature"],
    // Whoever has a signature can write it with a high S as well. cosign takes both; nothing is gained, since signers are counted by their keys.
    ["with a high S", simple(base64(der(r, ORDER - s))), "verified"],
    ["with S beyond the order", simple(base64(der(r, s + ORDER))), "BadSignature"],
    ["with R and S of zero", simple(base64(der(0n, 0n))), "BadSignature"],
    // BER is not DER: one signature has one writing.
    ["with a long length", simple(base64(Buffer.concat([good.subarray(0, 1), Buffer.from([0x81]), good.subarray(1)]))), "BadSignature"],
    // cosign reads IEEE P1363 where DER does not parse, and never writes it.
    ["as two numbers side by side", simple(base64(sideBySide(r, s))), "BadSignature"],
  ];
  for (const [name, document, expected] of rows) t.equal(outcome(document, key), expected, name);
});

t.test("one change to a good bundle", async (t) => {
  const key = generateSigningKey();
  const other = generateSigningKey();
  const material = (verificationMaterial: object) => (bundle: Bundle): unknown => ({ ...bundle, verificationMaterial });
  const certificate = { rawBytes: "MIIB" };
  const rows: readonly (readonly [name: string, document: SignedDocument, expected: string])[] = [
    ["as it is", bundled(key), "verified"],
    ["a hint that lies", bundled(key, material({ publicKey: { hint: other.hint } })), "verified"],
    ["no hint", bundled(key, material({ publicKey: { hint: "" } })), "verified"],
    ["another key's signature under our hint", bundled(other, material({ publicKey: { hint: key.hint } })), "BadSignature"],
    ["a certificate in the key's place", bundled(key, material({ certificate, tlogEntries: [TLOG] })), "Certificate"],
    ["a payload type that was not signed", resigned(key, "application/json"), "BadSignature"],
    ["a signature over the bare payload", resigned(key, undefined), "BadSignature"],
  ];
  for (const [name, document, expected] of rows) t.equal(outcome(document, key), expected, name);
});

t.test("a bare envelope may carry several signatures, and one is enough", async (t) => {
  const [key, other] = [generateSigningKey(), generateSigningKey()];
  const payload = Buffer.from(JSON.stringify({ _type: "https://in-toto.io/Statement/v0.1", predicateType: "https://slsa.dev/provenance/v1", subject: [{ digest: { sha256: SUBJECT.slice(7) } }], predicate: {} }));
  const pae = preAuthenticationEncoding(IN_TOTO, payload);
  const envelope = (...signatures: readonly string[]): SignedDocument =>
    documentOf(decodeAttestation(Buffer.from(JSON.stringify({ payloadType: IN_TOTO, payload: payload.toString("base64"), signatures: signatures.map((sig) => ({ keyid: "", sig })) }))));
  t.equal(outcome(envelope(other.sign(pae, "legacy"), key.sign(pae, "legacy")), key), "verified");
  t.equal(outcome(envelope(other.sign(pae, "legacy")), key), "BadSignature");
  const eleven = Array.from({ length: 10 }, () => other.sign(pae, "legacy"));
  t.equal(outcome(envelope(...eleven, key.sign(pae, "legacy")), key), "BadSignature", "not more than ten are tried");
});

t.test("whatever the bytes are, nothing is thrown and nothing verifies", async (t) => {
  const keys = KINDS.map((kind) => authority(generateSigningKey(kind).publicKey));
  const never = (document: SignedDocument): boolean => keys.every((each) => verifyDocument(document, each).kind === "rejected");
  const bytes = uint8Array({ maxLength: 200 });
  assert(
    property(bytes, bytes, string(), (payload, signature, payloadType) => {
      const annotations = new Map([[SIGNATURE_ANNOTATION, Buffer.from(signature).toString("base64")]]);
      const envelope = { payloadType, payload, signatures: [signature] };
      return (
        never({ kind: "simple-signing", id: "", payload, annotations }) &&
        never({ kind: "bundle", id: "", envelope, material: "public-key" }) &&
        never({ kind: "envelope", id: "", envelope })
      );
    }),
    { seed: 20261125, numRuns: 50 },
  );
  t.pass();
});

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
// Enough of a log entry for the library to take the bundle; nobody gets as far as to verify it.
const TLOG = {
  logIndex: "1",
  logId: { keyId: "AAAA" },
  kindVersion: { kind: "dsse", version: "0.0.1" },
  integratedTime: "1",
  inclusionProof: { logIndex: "1", rootHash: "AAAA", treeSize: "2", hashes: ["AAAA"], checkpoint: { envelope: "x" } },
  canonicalizedBody: "AAAA",
};

/** A bundle whose envelope says in-toto, and whose signature is over another type, or over no type at all. */
function resigned(key: SigningKey, payloadType: string | undefined): SignedDocument {
  return bundled(key, (bundle) => {
    const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64");
    const sig = key.sign(payloadType === undefined ? payload : preAuthenticationEncoding(payloadType, payload), "bundle");
    return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig }] } };
  });
}

function documentsOf(layout: string): readonly SignedDocument[] {
  const folder = new URL(`../fixtures/oci/${layout}/blobs/sha256/`, import.meta.url);
  const blobs = new Map(readdirSync(folder).map((name) => [`sha256:${name}`, fixture(`oci/${layout}/blobs/sha256/${name}`)]));
  const layers = [...blobs.values()].flatMap((bytes) => {
    try {
      const manifest = decodeManifest(bytes, undefined);
      return manifest.kind === "manifest" ? manifest.layers : [];
    } catch {
      return [];
    }
  });
  return layers.flatMap(({ mediaType, digest, annotations }) => {
    const bytes = blobs.get(digest) ?? Buffer.alloc(0);
    if (mediaType.includes("simplesigning")) return [documentOf(decodeSimpleSigning(bytes, annotations))];
    if (mediaType.includes("sigstore.bundle")) return [documentOf(decodeBundle(bytes).claim)];
    return mediaType.includes("dsse.envelope") ? [documentOf(decodeAttestation(bytes))] : [];
  });
}

function parseDer(signature: Buffer): { readonly r: bigint; readonly s: bigint } {
  const length = signature[3] ?? 0;
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);
  return { r: number(signature.subarray(4, 4 + length)), s: number(signature.subarray(6 + length)) };
}

function der(...numbers: readonly bigint[]): Buffer {
  const body = Buffer.concat(
    numbers.map((number) => {
      const hex = number.toString(16);
      const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
      const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
      return Buffer.concat([Buffer.from([2, signed.length]), signed]);
    }),
  );
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function sideBySide(r: bigint, s: bigint): Buffer {
  return Buffer.from([r, s].map((number) => number.toString(16).padStart(64, "0")).join(""), "hex");
}
