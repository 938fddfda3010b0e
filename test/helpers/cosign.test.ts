import { createPublicKey, type KeyObject, verify } from "node:crypto";
import t, { type Test } from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { decodeManifest } from "../../src/image/manifest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { attestLegacy, attTag, signLegacy, signOci11, sigTag, type SimpleSigningOptions } from "./cosign.ts";
import { attestBundle, BUNDLE, type Bundle, signBundle } from "./cosign-bundle.ts";
import { buildAttestation, imageIndex, imageManifest, jsonBytes, push, pushIndex } from "./images.ts";
import { COSIGN_SIGN, type Statement } from "./in-toto.ts";
import { fixture, type LayoutName, loadLayout } from "./layouts.ts";
import { NOTATION, notationSignature, sbomReferrer, SPDX } from "./other-accessories.ts";
import { digestTag, recursively } from "./referrer.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "./registry-double.ts";
import { generateSigningKey, type KeyKind, type SigningKey } from "./signing-key.ts";

const OURS = "ours/web";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";
const KEY = generateSigningKey();

interface Descriptor {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Document {
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly [Descriptor, ...Descriptor[]];
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

async function start(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  return registry;
}

function read(bytes: Uint8Array | undefined): unknown {
  return JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
}

function documentOf(registry: RegistryDouble, repository: string, target: string): Document {
  return read(registry.manifest(repository, target)?.bytes) as Document;
}

function firstBlob(registry: RegistryDouble, repository: string, target: string): Uint8Array {
  return registry.blob(repository, documentOf(registry, repository, target).layers[0].digest) ?? new Uint8Array();
}

function bundleIn(registry: RegistryDouble, repository: string, target: string): Bundle {
  return read(firstBlob(registry, repository, target)) as Bundle;
}

function statementIn(envelope: { readonly payload: string }): Statement {
  return read(Buffer.from(envelope.payload, "base64")) as Statement;
}

/** Written here a second time, so that a mistake in the signer cannot hide in its own verification. */
function isEnvelopeSigned(key: KeyObject, hash: string | null, envelope: Envelope): boolean {
  const payload = Buffer.from(envelope.payload, "base64");
  const signed = Buffer.from(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} ${payload.toString("latin1")}`, "latin1");
  return verify(hash, signed, key, Buffer.from(envelope.signatures[0]?.sig ?? "", "base64"));
}

function publicKeyOf({ publicKey }: SigningKey): KeyObject {
  return createPublicKey(publicKey);
}

/** A layout of the real cosign in the repository `real`, and the same image without its signatures in `ours`. */
async function beside(t: Test, name: LayoutName): Promise<{ registry: RegistryDouble; image: Digest; real: string }> {
  const registry = await start(t);
  const real = `real/${name}`;
  const image = loadLayout(registry, real, name);
  for (const digest of recursively(registry, real, image)) {
    const manifest = registry.manifest(real, digest);
    registry.push(OURS, manifest?.bytes ?? new Uint8Array(), manifest?.mediaType ?? "");
  }
  return { registry, image, real };
}

t.test("images", async (t) => {
  t.test("are what a reader of manifests takes", async (t) => {
    for (const dialect of ["oci", "docker"] as const) {
      const image = imageManifest({ dialect, platform: "linux/arm64/v8" });
      const manifest = decodeManifest(image.bytes, image.mediaType);
      t.match(manifest, { kind: "manifest", digest: image.digest, layers: [{ size: image.blobs[1]?.length }] });
      const index = imageIndex([{ image, platform: "linux/arm64/v8" }, { image, platform: null }], dialect);
      t.match(decodeManifest(index.bytes, index.mediaType), {
        kind: "index",
        manifests: [{ digest: image.digest, platform: { os: "linux", architecture: "arm64", variant: "v8" } }, { platform: undefined }],
      });
    }
    t.not(imageManifest({ seed: "a" }).digest, imageManifest({ seed: "b" }).digest);
    t.throws(() => imageManifest({ platform: "linux" }), TypeError);
  });

  t.test("in an index, nested ones and build attestations included", async (t) => {
    const registry = await start(t);
    const amd64 = imageManifest({ platform: "linux/amd64" });
    const inner = pushIndex(registry, OURS, [{ image: amd64, platform: "linux/amd64" }]);
    const nested = imageIndex([{ image: amd64, platform: "linux/amd64" }]);
    const attestation = buildAttestation(amd64);
    const outer = pushIndex(registry, OURS, [{ image: nested, platform: null }, attestation], "v1");
    t.strictSame(outer.children, [inner.index, attestation.image.digest]);
    t.equal(registry.manifest(OURS, "v1")?.digest, outer.index);
    t.strictSame(recursively(registry, OURS, outer.index), [outer.index, inner.index, amd64.digest, attestation.image.digest]);
    t.match(documentOf(registry, OURS, "v1").manifests[1], {
      annotations: { "vnd.docker.reference.digest": amd64.digest },
      platform: { architecture: "unknown", os: "unknown" },
    });
    for (const blob of amd64.blobs) t.ok(registry.blob(OURS, computeDigest("sha256", blob)));
  });

  t.test("have the form that crane gives them", async (t) => {
    const { registry, image } = await beside(t, "t2rec");
    const ours = imageIndex([{ image: imageManifest({ platform: "linux/amd64" }), platform: "linux/amd64" }, { image: imageManifest({ platform: "linux/arm64" }), platform: "linux/arm64" }]);
    t.equal(formOf(read(ours.bytes)), formOf(documentOf(registry, OURS, image)));
    const child = documentOf(registry, OURS, image).manifests[0]?.digest ?? "";
    t.equal(formOf(read(imageManifest().bytes)), formOf(documentOf(registry, OURS, child)));
  });
});

/** A document's keys in their order, with every value reduced to its type. */
function formOf(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === "object" ? value : typeof value));
}

t.test("layouts", async (t) => {
  const names = ["kl1", "kl2legacy", "kl2t", "t2", "t2att", "t2oci", "t2rec", "t3att", "t3rec", "t3sc"] as const;
  const listed: Partial<Record<LayoutName, number>> = { kl1: 1, kl2t: 1, t2oci: 1, t3rec: 1, t3sc: 1 };
  for (const name of names) {
    const registry = await start(t);
    const bare = await start(t, { referrers: false });
    const image = loadLayout(registry, OURS, name);
    loadLayout(bare, OURS, name);
    for (const digest of recursively(registry, OURS, image)) t.ok(registry.manifest(OURS, digest), `${name} is whole`);
    t.equal(registry.manifest(OURS, digestTag(image)), undefined, `${name} has no referrers tag where there is an API`);
    const answer = await fetch(`${registry.url}/v2/${OURS}/referrers/${image}`);
    t.equal(((await answer.json()) as Document).manifests.length, listed[name] ?? 0, name);
    const tagged = bare.manifest(OURS, digestTag(image)) === undefined ? 0 : documentOf(bare, OURS, digestTag(image)).manifests.length;
    t.equal(tagged, listed[name] ?? 0, `${name} by the referrers tag`);
  }
});

t.test("what the real cosign wrote, byte for byte", async (t) => {
  const k2 = createPublicKey(fixture("keys/k2.pub"));
  const k3 = createPublicKey(fixture("keys/k3.pub"));

  t.test("cosign 2, .sig tag, recursively", async (t) => {
    for (const name of ["t2", "t2rec"] as const) {
      const { registry, image, real } = await beside(t, name);
      for (const digest of recursively(registry, OURS, image)) {
        const [layer] = documentOf(registry, real, sigTag(digest)).layers;
        const signature = layer.annotations[SIGNATURE] ?? "";
        t.ok(verify("sha256", firstBlob(registry, real, sigTag(digest)), k2, Buffer.from(signature, "base64")));
        signLegacy(registry, OURS, digest, { key: KEY, signature, reference: `127.0.0.1:5000/${name}` });
        t.equal(registry.manifest(OURS, sigTag(digest))?.digest, registry.manifest(real, sigTag(digest))?.digest, `${name} ${digest}`);
        t.ok(registry.blob(OURS, layer.digest), "the payload is pushed");
        t.ok(registry.blob(OURS, documentOf(registry, real, sigTag(digest)).config.digest), "so is the config");
      }
    }
  });

  t.test("cosign 2, OCI 1.1 referrer", async (t) => {
    const { registry, image, real } = await beside(t, "t2oci");
    const [theirs] = (await referrers(registry, real, image)).manifests;
    const signature = documentOf(registry, real, theirs?.digest ?? "").layers[0].annotations[SIGNATURE] ?? "";
    t.equal(signOci11(registry, OURS, image, { key: KEY, signature, reference: "127.0.0.1:5002/t2oci" }), theirs?.digest);
  });

  t.test("cosign 2, .att tag", async (t) => {
    const { registry, image, real } = await beside(t, "t2att");
    const [child = image] = documentOf(registry, real, image).manifests.map(({ digest }) => digest);
    for (const { digest } of documentOf(registry, real, attTag(child)).layers) {
      const envelope = read(registry.blob(real, digest)) as Envelope;
      const { predicateType, predicate } = statementIn(envelope);
      t.ok(isEnvelopeSigned(k2, "sha256", envelope));
      attestLegacy(registry, OURS, child, { key: KEY, signature: envelope.signatures[0]?.sig ?? "", reference: "127.0.0.1:5000/t2att", predicateType, predicate });
    }
    t.equal(registry.manifest(OURS, attTag(child))?.digest, registry.manifest(real, attTag(child))?.digest);
  });

  t.test("cosign 3, signatures and attestations in bundles", async (t) => {
    for (const name of ["t3sc", "t3rec", "t3att"] as const) {
      const { registry, image, real } = await beside(t, name);
      let compared = 0;
      for (const digest of recursively(registry, OURS, image)) {
        for (const theirs of (await referrers(registry, real, digest)).manifests) {
          const bundle = bundleIn(registry, real, theirs.digest);
          const { predicateType, predicate } = statementIn(bundle.dsseEnvelope);
          const created = theirs.annotations["org.opencontainers.image.created"] ?? "";
          const { verificationMaterial, dsseEnvelope } = bundle;
          const borrow = (ours: Bundle) => ({ ...ours, verificationMaterial, dsseEnvelope: { ...ours.dsseEnvelope, signatures: dsseEnvelope.signatures } });
          t.ok(isEnvelopeSigned(k3, "sha256", dsseEnvelope));
          const options = { key: KEY, created, bundle: borrow };
          const ours =
            name === "t3att"
              ? attestBundle(registry, OURS, digest, { ...options, predicateType, predicate, reference: "127.0.0.1:5002/t3att" })
              : signBundle(registry, OURS, digest, options);
          t.equal(ours, theirs.digest, `${name} ${digest}`);
          compared += 1;
        }
      }
      t.equal(compared, { t3sc: 1, t3rec: 3, t3att: 2 }[name], name);
    }
  });
});

async function referrers(registry: RegistryDouble, repository: string, subject: Digest): Promise<Document> {
  return (await (await fetch(`${registry.url}/v2/${repository}/referrers/${subject}`)).json()) as Document;
}

t.test("signatures verify, by every kind of key", async (t) => {
  // What node:crypto verifies without a word on padding; the others are verified where they are used.
  type Plain = Exclude<KeyKind, "rsa-pss" | "ed25519ph">;
  const hashes: Readonly<Record<Plain, readonly [legacy: string | null, bundle: string | null]>> = {
    "ecdsa-p256": ["sha256", "sha256"],
    "ecdsa-p384": ["sha256", "sha384"],
    "ecdsa-p521": ["sha256", "sha512"],
    rsa: ["sha256", "sha256"],
    ed25519: [null, null],
  };
  const registry = await start(t);
  const image = push(registry, OURS, imageManifest(), "v1");
  for (const [kind, [legacy, bundled]] of Object.entries(hashes) as [Plain, readonly [string | null, string | null]][]) {
    const key = generateSigningKey(kind);
    const publicKey = publicKeyOf(key);
    signLegacy(registry, kind, push(registry, kind, imageManifest()), { key });
    const payload = firstBlob(registry, kind, sigTag(image));
    const signature = documentOf(registry, kind, sigTag(image)).layers[0].annotations[SIGNATURE] ?? "";
    t.ok(verify(legacy, payload, publicKey, Buffer.from(signature, "base64")), `${kind}, simple signing`);
    t.notOk(verify(legacy, Buffer.concat([payload, Buffer.from(" ")]), publicKey, Buffer.from(signature, "base64")));
    t.match(read(payload), { critical: { identity: { "docker-reference": `${registry.host}/${kind}` }, image: { "docker-manifest-digest": image } } });

    const oci11 = documentOf(registry, OURS, signOci11(registry, OURS, image, { key }));
    t.ok(verify(legacy, registry.blob(OURS, oci11.layers[0].digest) ?? new Uint8Array(), publicKey, Buffer.from(oci11.layers[0].annotations[SIGNATURE] ?? "", "base64")), `${kind}, OCI 1.1`);

    const bundle = bundleIn(registry, OURS, signBundle(registry, OURS, image, { key }));
    t.ok(isEnvelopeSigned(publicKey, bundled, bundle.dsseEnvelope), `${kind}, bundle`);
    t.equal(bundle.verificationMaterial.publicKey.hint, key.hint);
    t.match(statementIn(bundle.dsseEnvelope), { predicateType: COSIGN_SIGN, subject: [{ digest: { sha256: image.slice(7) } }] });

    attestLegacy(registry, kind, image, { key });
    t.ok(isEnvelopeSigned(publicKey, legacy, read(firstBlob(registry, kind, attTag(image))) as Envelope), `${kind}, .att`);
    t.notOk(isEnvelopeSigned(publicKeyOf(KEY), legacy, read(firstBlob(registry, kind, attTag(image))) as Envelope));
  }
});

t.test("several signatures", async (t) => {
  const registry = await start(t);
  const image = push(registry, OURS, imageManifest(), "v1");
  const other = generateSigningKey();
  signLegacy(registry, OURS, image, { key: KEY });
  signLegacy(registry, OURS, image, { key: other });
  const { layers, config } = documentOf(registry, OURS, sigTag(image));
  t.equal(layers.length, 2, "layers of one manifest");
  t.equal(layers[0].digest, layers[1]?.digest, "over one payload");
  t.not(layers[0].annotations[SIGNATURE], layers[1]?.annotations[SIGNATURE]);
  t.match(read(registry.blob(OURS, config.digest)), { rootfs: { diff_ids: [layers[0].digest, layers[0].digest] } });

  signBundle(registry, OURS, image, { key: KEY });
  signBundle(registry, OURS, image, { key: other });
  t.equal((await referrers(registry, OURS, image)).manifests.length, 2, "referrers of their own");
});

t.test("the referrers tag, where there is no API", async (t) => {
  const registry = await start(t, { referrers: false });
  const image = push(registry, OURS, imageManifest(), "v1");
  const tag = digestTag(image);
  const describe = (digest: Digest) => ({ mediaType: OCI_MANIFEST, size: registry.manifest(OURS, digest)?.bytes.length, digest });
  const text = () => Buffer.from(registry.manifest(OURS, tag)?.bytes ?? []).toString("utf8");

  const cosign = signBundle(registry, OURS, image, { key: KEY });
  const first = { ...describe(cosign), artifactType: EMPTY_CONFIG };
  t.equal(text(), JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [first] }), "cosign's entry: the config's type, no annotations");

  const notation = notationSignature(registry, OURS, image);
  const sbom = sbomReferrer(registry, OURS, image);
  const { manifests } = documentOf(registry, OURS, tag);
  t.strictSame(manifests[0], first, "notation keeps what cosign wrote");
  t.match(manifests[1], { ...describe(notation), artifactType: NOTATION, annotations: { "org.opencontainers.image.created": /^2026/ } });
  t.match(manifests[2], { ...describe(sbom), artifactType: SPDX });
  t.equal(registry.manifest(OURS, tag)?.mediaType, OCI_INDEX);

  signOci11(registry, OURS, image, { key: KEY });
  t.equal(documentOf(registry, OURS, tag).manifests[3]?.artifactType, "application/vnd.dev.cosign.artifact.sig.v1+json");
});

t.test("other accessories have the form of their tools", async (t) => {
  const registry = await start(t);
  const image = push(registry, OURS, imageManifest(), "v1");
  const notation = notationSignature(registry, OURS, image);
  const sbom = sbomReferrer(registry, OURS, image);
  const list = await referrers(registry, OURS, image);
  t.match(list.manifests, [
    { digest: notation, artifactType: NOTATION },
    { digest: sbom, artifactType: SPDX },
  ]);
  t.match(documentOf(registry, OURS, notation), { config: { mediaType: NOTATION, size: 2 }, layers: [{ mediaType: "application/jose+json" }], subject: { digest: image } });
  t.equal(documentOf(registry, OURS, notation).artifactType, undefined, "notation sets none");
  t.match(documentOf(registry, OURS, sbom), { artifactType: SPDX, config: { mediaType: EMPTY_CONFIG }, subject: { digest: image } });
});

t.test("what an attacker changes", async (t) => {
  const registry = await start(t);
  const image = push(registry, OURS, imageManifest(), "v1");
  const other = push(registry, OURS, imageManifest({ seed: "other" }), "v2");
  const critical = { identity: { "docker-reference": `${registry.host}/${OURS}` }, image: { "docker-manifest-digest": image }, type: "cosign container image signature" };

  const simple: readonly [name: string, options: Partial<SimpleSigningOptions>, payload: object][] = [
    ["another digest", { claims: other }, { critical: { ...critical, image: { "docker-manifest-digest": other } }, optional: null }],
    ["another type", { type: "atomic container signature" }, { critical: { ...critical, type: "atomic container signature" }, optional: null }],
    ["another reference", { reference: "elsewhere/app" }, { critical: { ...critical, identity: { "docker-reference": "elsewhere/app" } }, optional: null }],
    ["annotations", { annotations: { env: "prod" } }, { critical, optional: { env: "prod" } }],
    ["any payload", { payload: jsonBytes([]) }, []],
  ];
  for (const [name, options, payload] of simple) {
    registry.remove(OURS, sigTag(image));
    signLegacy(registry, OURS, image, { key: KEY, ...options });
    t.strictSame(read(firstBlob(registry, OURS, sigTag(image))), payload, name);
    const signature = documentOf(registry, OURS, sigTag(image)).layers[0].annotations[SIGNATURE] ?? "";
    t.ok(verify("sha256", firstBlob(registry, OURS, sigTag(image)), publicKeyOf(KEY), Buffer.from(signature, "base64")), `${name}, signed`);
  }
  registry.remove(OURS, sigTag(image));
  signLegacy(registry, OURS, image, { key: KEY, signature: "", layerAnnotations: { extra: "1" } });
  t.strictSame(documentOf(registry, OURS, sigTag(image)).layers[0].annotations, { [SIGNATURE]: "", extra: "1" });

  const signed = (options: object) => documentOf(registry, OURS, signBundle(registry, OURS, image, { key: KEY, ...options }));
  const bundle = (options: object) => read(registry.blob(OURS, signed(options).layers[0].digest)) as Bundle;
  const statement = (options: object) => statementIn(bundle(options).dsseEnvelope);
  t.match(statement({ claims: other }).subject, [{ digest: { sha256: other.slice(7) } }]);
  t.strictSame(statement({ claims: [other, image] }).subject.length, 2);
  t.match(statement({ predicateType: "https://example.com/x" }), { predicateType: "https://example.com/x" });
  t.match(statement({ annotations: { env: "prod" } }).subject, [{ annotations: { env: "prod" } }]);
  t.strictSame(statement({ statement: () => ({ no: "statement" }) }), { no: "statement" });
  t.equal(bundle({ payload: Buffer.from("text"), payloadType: "text/plain" }).dsseEnvelope.payload, "dGV4dA==");
  t.ok(isEnvelopeSigned(publicKeyOf(KEY), "sha256", bundle({ claims: other }).dsseEnvelope), "signed all the same");
  t.strictSame(bundle({ bundle: (honest: Bundle) => ({ ...honest, dsseEnvelope: {} }) }).dsseEnvelope, {});
  t.equal(signed({ bundle: () => Buffer.from("{") }).layers[0].size, 1);
  t.match(signed({ announces: "https://slsa.dev/provenance/v1" }).annotations, { "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" });
  t.match(signed({ artifactType: "application/x" }), { artifactType: "application/x", layers: [{ mediaType: "application/x" }] });
  t.equal(signed({}).layers[0].mediaType, BUNDLE);

  signLegacy(registry, OURS, image, { key: KEY, into: "sigs" });
  signBundle(registry, OURS, image, { key: KEY, into: "sigs" });
  t.ok(registry.manifest("sigs", sigTag(image)), "a signature repository");
  t.equal((await referrers(registry, "sigs", image)).manifests.length, 1);
  t.throws(() => signBundle(registry, "nowhere", image, { key: KEY }), /push it before signing it/);
});
