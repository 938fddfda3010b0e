import t from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { contentOf } from "../../src/image/index.ts";
import { decodeManifest, type ImageIndex } from "../../src/image/manifest.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, documentKindOf, mediaTypeOf, OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { coversPlatform, isBuildAttestation, parsePlatform, type Platform, platformName } from "../../src/image/platform.ts";

const digest = (name: string): Digest => computeDigest("sha256", Buffer.from(name));
type Json = Record<string, unknown>;

const descriptor = (name: string, change: Json = {}): Json => ({ mediaType: OCI_MANIFEST, digest: digest(name), size: 2, ...change });
const manifest = (change: Json = {}): Json => ({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptor("config"), layers: [], ...change });
const index = (change: Json = {}): Json => ({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor("amd64")], ...change });
const without = (document: Json, name: string): Json => Object.fromEntries(Object.entries(document).filter(([key]) => key !== name));
const decode = (document: unknown, contentType?: string) => decodeManifest(Buffer.from(JSON.stringify(document)), contentType);

t.test("the four kinds of manifest, and what they carry", async (t) => {
  t.match(decode(manifest(), OCI_MANIFEST), { kind: "manifest", mediaType: OCI_MANIFEST, config: { digest: digest("config"), size: 2 } });
  t.match(decode(manifest({ mediaType: DOCKER_MANIFEST }), DOCKER_MANIFEST), { kind: "manifest" });
  t.match(decode(index(), OCI_INDEX), { kind: "index", manifests: [{ digest: digest("amd64"), platform: undefined }] });
  t.match(decode(index({ mediaType: DOCKER_LIST }), DOCKER_LIST), { kind: "index" });
  t.match(decode(without(manifest(), "mediaType"), OCI_MANIFEST), { kind: "manifest" }, "OCI manifests need not name their media type");
  t.match(decode(manifest({ subject: descriptor("subject"), artifactType: "a/b", annotations: { a: "b", c: 7 } })), {
    manifestSubject: digest("subject"),
    artifactType: "a/b",
    annotations: new Map([["a", "b"]]),
  });
  const bytes = Buffer.from(JSON.stringify(manifest()));
  t.equal(decodeManifest(bytes, undefined).digest, computeDigest("sha256", bytes), "the digest is computed, never read");
});

t.test("bytes that are not what they claim are refused", async (t) => {
  const rows: readonly (readonly [name: string, document: unknown, contentType?: string])[] = [
    ["an index served as a manifest", index(), OCI_MANIFEST],
    ["a manifest served as an index", manifest(), OCI_INDEX],
    ["an OCI manifest served as a Docker one", manifest(), DOCKER_MANIFEST],
    ["both manifests and layers", { ...index(), ...manifest() }],
    ["both manifests and config", { ...index(), config: descriptor("config") }],
    ["an index without manifests", without(index(), "manifests"), OCI_INDEX],
    ["a manifest without layers", without(manifest(), "layers"), OCI_MANIFEST],
    ["a manifest without config", without(manifest(), "config"), OCI_MANIFEST],
    ["a media type of neither kind", manifest({ mediaType: "application/json" })],
    ["no media type at all", without(manifest(), "mediaType")],
    ["the old schema", manifest({ schemaVersion: 1 })],
    ["manifests that is no list", index({ manifests: {} })],
    ["layers that is no list", manifest({ layers: "none" })],
    ["a descriptor that is no object", index({ manifests: ["sha256:00"] })],
    ["a descriptor without digest", index({ manifests: [without(descriptor("amd64"), "digest")] })],
    ["a descriptor with a short digest", index({ manifests: [descriptor("amd64", { digest: "sha256:80a5" })] })],
    ["a descriptor without size", index({ manifests: [without(descriptor("amd64"), "size")] })],
    ["a descriptor with a negative size", index({ manifests: [descriptor("amd64", { size: -1 })] })],
    ["a descriptor with a size of text", index({ manifests: [descriptor("amd64", { size: "2" })] })],
    ["a descriptor without media type", index({ manifests: [without(descriptor("amd64"), "mediaType")] })],
    ["a subject that is none", manifest({ subject: { digest: "x" } })],
    ["manifests in other letters beside it", index({ Manifests: [] })],
    ["a digest in other letters beside it", index({ manifests: [descriptor("amd64", { DIGEST: "x" })] })],
    ["an operating system with a long s", index({ manifests: [descriptor("amd64", { platform: { os: "linux", architecture: "amd64", "o\u017f": "x" } })] })],
    ["a list", [manifest()]],
    ["null", null],
  ];
  for (const [name, document, contentType] of rows) {
    t.throws(() => decode(document, contentType), { name: "ManifestError", code: "Malformed" }, name);
  }
  t.throws(() => decodeManifest(Buffer.from("<html>"), OCI_INDEX), { code: "Malformed" });
  t.throws(() => decodeManifest(Buffer.from(`{"a":${"[".repeat(100_000)}`), OCI_INDEX), { code: "Malformed" });
  t.throws(() => decodeManifest(Buffer.from(JSON.stringify(index()).replace("{", '{"manifests":[],')), OCI_INDEX), { code: "Malformed" }, "a key twice");
  t.doesNotThrow(() => decode(manifest({ annotations: { Note: "a", note: "b" }, Other: 1 })), "annotations are anybody's, and so are fields of other names");
  t.throws(() => decodeManifest(Buffer.from(`{"__proto__":${JSON.stringify(index())}}`), OCI_INDEX), { code: "Malformed" }, "nothing is inherited");
});

t.test("which descriptors of an index are platforms", async (t) => {
  const entry = (name: string, platform?: Json, change: Json = {}): Json => descriptor(name, { ...(platform === undefined ? {} : { platform }), ...change });
  const of = (entries: readonly Json[], filter: readonly string[] = []) => {
    const decoded = decode(index({ manifests: entries })) as ImageIndex;
    const platforms = filter.map(parsePlatform).filter((each): each is Platform => each !== undefined);
    const { platforms: left, nested } = contentOf(decoded, [], platforms);
    return [left.map(({ platform }) => platform), nested.length];
  };
  const amd = entry("amd", { os: "linux", architecture: "amd64" });
  const v7 = entry("v7", { os: "linux", architecture: "arm", variant: "v7" });
  const attestation = entry("att", { os: "unknown", architecture: "unknown" });
  const annotated = entry("annotated", { os: "linux", architecture: "s390x" }, { annotations: { "vnd.docker.reference.type": "attestation-manifest" } });
  t.same(of([amd, v7, attestation]), [["linux/amd64", "linux/arm/v7"], 0]);
  t.same(of([annotated]), [["linux/s390x"], 0], "an annotation never takes a manifest out");
  t.same(of([entry("bare")]), [["unknown platform"], 0], "a missing platform counts as one");
  t.same(of([entry("half", { os: "unknown" })]), [["unknown/?"], 0]);
  t.same(of([entry("variant", { os: "unknown", architecture: "unknown", variant: "v1" })]), [["unknown/unknown/v1"], 0]);
  t.same(of([entry("amd", { os: "linux", architecture: "amd64" }, { mediaType: OCI_INDEX }), entry("inner", undefined, { mediaType: DOCKER_LIST })]), [[], 2]);
  t.same(of([amd, v7], ["linux/amd64"]), [["linux/amd64"], 0]);
  t.same(of([amd, v7], ["linux/arm"]), [["linux/arm/v7"], 0], "an entry without variant covers each");
  t.same(of([amd, v7], ["linux/arm/v6"]), [[], 0]);
  t.same(of([amd, entry("bare")], ["windows/amd64"]), [["unknown platform"], 0], "no filter takes out what might run anywhere");
  t.same(of([amd, amd]), [["linux/amd64"], 0], "a descriptor listed twice is one manifest");
  t.same(of([attestation]), [[], 0]);
  t.same(of([]), [[], 0]);
});

t.test("platforms by name", async (t) => {
  t.same(parsePlatform("linux/arm/v7"), { os: "linux", architecture: "arm", variant: "v7" });
  for (const text of ["linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x", ""]) t.equal(parsePlatform(text), undefined, text);
  t.equal(platformName({ os: "lin\u001b[31mux", architecture: "amd64\n", variant: undefined }), "lin??31mux/amd64?", "a registry's text is made harmless");
  t.ok(isBuildAttestation({ os: "unknown", architecture: "unknown", variant: undefined }));
  t.notOk(isBuildAttestation(undefined));
  t.notOk(coversPlatform({ os: "linux", architecture: "arm", variant: "v7" }, { os: "linux", architecture: "arm", variant: undefined }));
});

t.test("media types", async (t) => {
  t.equal(mediaTypeOf("Application/VND.oci.image.index.v1+json; charset=utf-8"), OCI_INDEX);
  t.equal(documentKindOf("application/vnd.docker.distribution.manifest.v1+prettyjws"), undefined);
});
