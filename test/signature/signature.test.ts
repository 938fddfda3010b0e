import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { decodeManifest, type ImageManifest } from "../../src/image/manifest.ts";
import { classifyAccessory, promiseOf } from "../../src/signature/accessory.ts";
import { decodeBundle } from "../../src/signature/bundle.ts";
import type { Claim } from "../../src/signature/candidate.ts";
import { decodeSimpleSigning, referrersTag, signatureTag } from "../../src/signature/cosign.ts";

const SUBJECT = "sha256:80a5ac442fbd5f50b3c6e692602d5af4f92a55d0eab523909e5cae026edc450c" as Digest;
const SIGNED = new Map([["dev.cosignproject.cosign/signature", "MEUCIQ=="]]);

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** What a claim comes to, in one word or in the digests that it names. */
function said(claim: Claim): unknown {
  if (claim.kind === "claims") return claim.digests;
  return claim.kind === "unreadable" ? claim.reason : claim.kind;
}

function blobsOf(layout: string): ReadonlyMap<string, Buffer> {
  const folder = new URL(`../fixtures/oci/${layout}/blobs/sha256/`, import.meta.url);
  return new Map(readdirSync(folder).map((name) => [`sha256:${name}`, readFileSync(new URL(name, folder))]));
}

/** Each manifest of a layout that is no image of its own, with the claims of its documents. */
function accessoriesOf(layout: string): readonly { readonly layout: string; readonly claims: unknown }[] {
  const blobs = blobsOf(layout);
  const manifests = [...blobs.values()].flatMap((bytes): ImageManifest[] => {
    try {
      const manifest = decodeManifest(bytes, undefined);
      return manifest.kind === "manifest" && !manifest.layers.some((layer) => layer.mediaType.endsWith("tar+gzip")) ? [manifest] : [];
    } catch {
      return [];
    }
  });
  return manifests.flatMap((manifest): { layout: string; claims: unknown }[] => {
    const accessory = classifyAccessory(manifest, manifest.manifestSubject === undefined ? "sig-tag" : "referrers");
    if (accessory.kind === "instead") return [{ layout: accessory.layout, claims: "instead" }];
    return accessory.documents.map(({ layout: found, layer }) => {
      const bytes = blobs.get(layer.digest) ?? Buffer.alloc(0);
      const decoded = found === "bundle" ? decodeBundle(bytes) : { layout: found, claim: decodeSimpleSigning(bytes, layer.annotations) };
      return { layout: decoded.layout, claims: said(decoded.claim) };
    });
  });
}

t.test("what real cosign wrote is read as what it is", async (t) => {
  const signed = (layout: string) => [{ layout, claims: [SUBJECT] }];
  const children = ["sha256:7793b4e345784f1f472ca4b3c014d2d0d867a6ae2be6802dbf1e1856d5002da1", SUBJECT, "sha256:b9fa9586ca5d12d7fad5be2947d0ec32156b5dc052ab48e129695f881e605fd3"];
  t.same(accessoriesOf("t2"), signed("simple-signing"));
  t.same(accessoriesOf("t2oci"), signed("oci-1-1"));
  t.same(accessoriesOf("t3sc"), signed("bundle"));
  t.same(accessoriesOf("kl1"), signed("bundle"));
  t.same(accessoriesOf("kl2t"), signed("bundle"));
  t.same(accessoriesOf("kl2legacy"), signed("simple-signing"));
  t.same(accessoriesOf("t2att"), [{ layout: "attestation", claims: "instead" }]);
  t.same(accessoriesOf("t3att"), [{ layout: "attestation", claims: "attests" }, { layout: "attestation", claims: "attests" }]);
  for (const layout of ["t2rec", "t3rec"]) {
    const claimed = accessoriesOf(layout).flatMap(({ claims }) => claims as string[]);
    t.same(claimed.toSorted(), children.toSorted(), `${layout} signs the index and both children`);
  }
});

t.test("a simple-signing layer counts only when it is whole", async (t) => {
  const payload = () => ({
    critical: { identity: { "docker-reference": "x" }, image: { "docker-manifest-digest": SUBJECT as string }, type: "cosign container image signature" },
    optional: null,
  });
  const tweaked = (change: (value: ReturnType<typeof payload>) => unknown): Uint8Array => {
    const value = payload();
    return bytesOf(change(value) ?? value);
  };
  t.same(said(decodeSimpleSigning(bytesOf(payload()), SIGNED)), [SUBJECT]);
  const other = computeDigest("sha256", Buffer.from("another image"));
  t.same(said(decodeSimpleSigning(tweaked((value) => void (value.critical.image["docker-manifest-digest"] = other)), SIGNED)), [other]);

  const malformed: readonly (readonly [string, Uint8Array, ReadonlyMap<string, string>])[] = [
    ["no signature annotation", bytesOf(payload()), new Map()],
    ["an empty signature annotation", bytesOf(payload()), new Map([["dev.cosignproject.cosign/signature", ""]])],
    ["another critical.type", tweaked((value) => void (value.critical.type = "atomic container signature")), SIGNED],
    ["a digest that is none", tweaked((value) => void (value.critical.image["docker-manifest-digest"] = "sha256:80a5")), SIGNED],
    ["an upper-case digest", tweaked((value) => void (value.critical.image["docker-manifest-digest"] = SUBJECT.toUpperCase())), SIGNED],
    ["no critical", bytesOf({ optional: null }), SIGNED],
    ["critical by inheritance", Buffer.from(`{"__proto__":${JSON.stringify(payload())}}`), SIGNED],
    ["a list", bytesOf([payload()]), SIGNED],
    ["a number", bytesOf(7), SIGNED],
    ["no JSON", Buffer.from("cosign"), SIGNED],
    ["bytes that are no UTF-8", Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]), SIGNED],
    ["JSON nested very deep", Buffer.from("[".repeat(100_000)), SIGNED],
    ["nothing", Buffer.alloc(0), SIGNED],
  ];
  for (const [name, bytes, annotations] of malformed) t.equal(said(decodeSimpleSigning(bytes, annotations)), "Malformed", name);
});

t.test("a bundle is a signature only by its own signed statement", async (t) => {
  const statement = () => ({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: SUBJECT.slice(7) } as Record<string, string> }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  });
  const bundle = (payload: unknown) => ({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "5T3D" } },
    dsseEnvelope: { payload: Buffer.from(JSON.stringify(payload)).toString("base64"), payloadType: "application/vnd.in-toto+json", signatures: [{ sig: "MEUCIQ==" }] },
  });
  const decoded = (value: unknown) => {
    const { layout, claim } = decodeBundle(bytesOf(value));
    return [layout, said(claim)];
  };
  const withStatement = (change: (value: ReturnType<typeof statement>) => void) => {
    const value = statement();
    change(value);
    return decoded(bundle(value));
  };
  const withBundle = (change: (value: ReturnType<typeof bundle>) => void) => {
    const value = bundle(statement());
    change(value);
    return decoded(value);
  };
  const other = computeDigest("sha512", Buffer.from("another image"));
  t.same(decoded(bundle(statement())), ["bundle", [SUBJECT]]);
  t.same(withBundle((value) => (value.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.3")), ["bundle", [SUBJECT]]);
  t.same(withStatement((value) => value.subject.push({ digest: { sha512: other.slice(7) } })), ["bundle", [SUBJECT, other]], "each subject is one claim");
  t.same(withStatement((value) => (value.predicateType = "https://slsa.dev/provenance/v1")), ["attestation", "attests"], "an attestation about the digest is no signature of it");

  const malformed = ["bundle", "Malformed"];
  t.same(withStatement((value) => (value.predicateType = "")), malformed, "no predicate type");
  t.same(withStatement((value) => (value._type = "https://in-toto.io/Statement/v2")), malformed, "another kind of statement");
  t.same(withStatement((value) => Reflect.deleteProperty(value, "predicate")), ["bundle", [SUBJECT]], "as cosign 2.6 writes it");
  t.same(withStatement((value) => Object.assign(value, { predicateType: "https://slsa.dev/provenance/v1", predicate: undefined })), malformed, "an attestation of nothing");
  t.same(withStatement((value) => (value.subject = [])), malformed, "no subject");
  t.same(withStatement((value) => (value.subject = [{ digest: { md5: "00" } }])), malformed, "no digest that we know");
  t.same(withBundle((value) => (value.mediaType = "application/vnd.dev.sigstore.bundle.v0.9+json")), malformed, "another version");
  t.same(withBundle((value) => (value.dsseEnvelope.signatures = [])), malformed, "no signature");
  t.same(withBundle((value) => value.dsseEnvelope.signatures.push({ sig: "MEUCIQ==" })), malformed, "two signatures");
  t.same(withBundle((value) => (value.dsseEnvelope.signatures = [{ sig: "" }])), malformed, "an empty signature");
  t.same(withBundle((value) => (value.dsseEnvelope.payloadType = "text/plain")), malformed, "another payload type");
  t.same(withBundle((value) => (value.dsseEnvelope.payload = "e30")), malformed, "an empty statement");
  t.same(withBundle((value) => (value.dsseEnvelope.payload = "!!!!")), malformed, "a payload that is no JSON");
  const chain = { certificates: [{ rawBytes: "MIIB" }] };
  t.same(withBundle((value) => Object.assign(value.verificationMaterial, { certificate: { rawBytes: "MIIB" } })), malformed, "a key and a certificate");
  t.same(withBundle((value) => Object.assign(value.verificationMaterial, { x509CertificateChain: chain })), malformed, "a key and a chain");
  t.same(withBundle((value) => Object.assign(value, { verificationMaterial: { x509CertificateChain: chain } })), malformed, "a chain, which v0.3 does not have");
  t.same(withBundle((value) => Object.assign(value, { verificationMaterial: {} })), malformed, "neither");
  t.same(withBundle((value) => Object.assign(value, { messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: "AAAA" }, signature: "AAAA" } })), malformed, "a signature of a message besides");
  t.same(decoded({}), malformed);
  t.same(decoded(null), malformed);
  t.same(decodeBundle(Buffer.from("garbage")).claim, { kind: "unreadable", reason: "Malformed" });
});

t.test("the tags that hold accessories", async (t) => {
  t.equal(signatureTag(SUBJECT), `sha256-${SUBJECT.slice(7)}.sig`);
  t.equal(referrersTag(SUBJECT), `sha256-${SUBJECT.slice(7)}`);
  const long = computeDigest("sha512", Buffer.from("x"));
  t.equal(signatureTag(long), undefined, "longer than a tag may be");
  t.equal(referrersTag(long), `sha512-${long.slice(7, 71)}`, "cut as the specification says");
});

t.test("descriptors that promise a signature are read first", async (t) => {
  const descriptor = (artifactType: string | undefined, annotations: Record<string, string> = {}) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: SUBJECT,
    size: 1,
    artifactType,
    annotations: new Map(Object.entries(annotations)),
    platform: undefined,
  });
  const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const predicate = "dev.sigstore.bundle.predicateType";
  t.equal(promiseOf(descriptor(bundle, { [predicate]: "https://sigstore.dev/cosign/sign/v1" }), "signatures"), 0);
  t.equal(promiseOf(descriptor(bundle), "signatures"), 0, "cosign's descriptors need not carry annotations");
  t.equal(promiseOf(descriptor("application/vnd.dev.cosign.artifact.sig.v1+json"), "signatures"), 0);
  t.equal(promiseOf(descriptor("application/vnd.oci.empty.v1+json"), "signatures"), 1, "what cosign 3 writes into the fallback tag");
  t.equal(promiseOf(descriptor(bundle, { [predicate]: "https://slsa.dev/provenance/v1" }), "signatures"), 2);
  t.equal(promiseOf(descriptor("application/spdx+json"), "signatures"), 2);
  t.equal(promiseOf(descriptor(bundle, { [predicate]: "https://slsa.dev/provenance/v1" }), "attestations"), 0, "who seeks attestations reads them first");
  t.equal(promiseOf(descriptor(bundle, { [predicate]: "https://sigstore.dev/cosign/sign/v1" }), "attestations"), 2);
});
