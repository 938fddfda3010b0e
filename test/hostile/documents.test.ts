import t from "tap";
import { computeDigest } from "../../src/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { signLegacy, sigTag, simpleSigningPayload } from "../helpers/cosign.ts";
import { describe, imageIndex, imageManifest, push } from "../helpers/images.ts";
import type { RegistryDouble } from "../helpers/registry-double.ts";
import { withHeaders } from "../helpers/registry-faults.ts";
import { BAD, type HostileCase, key, unsigned } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";

t.setTimeout(180_000);

const CONFIG = describe("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
const LAYER = describe("application/vnd.oci.image.layer.v1.tar+gzip", Buffer.from("layer"));
const CHILD = imageManifest({ seed: "child" });
const IMAGE = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER] };
const ENTRY = { ...describe(CHILD.mediaType, CHILD.bytes), platform: { os: "linux", architecture: "amd64" } };

/** A document that is pushed as it stands, under the media type that is served with it. */
function document(name: string, text: string, reason: HostileCase["reason"], mediaType: string = OCI_MANIFEST): HostileCase {
  return {
    name,
    build: (registry) => {
      const digest = registry.push(BAD, Buffer.from(text), mediaType, "v1");
      // Every digest that it could be taken for is signed: only the document itself can be the reason.
      for (const subject of [digest, push(registry, BAD, CHILD)]) signLegacy(registry, BAD, subject, { key });
      return ":v1";
    },
    reason,
  };
}

const digestOf = (text: string) => computeDigest("sha256", Buffer.from(text));
const json = (value: unknown): string => JSON.stringify(value);
/** `{"a":1}` with one more member in front or behind, as text: JSON.stringify writes no key twice. */
const before = (value: unknown, member: string): string => `{${member},${json(value).slice(1)}`;
const behind = (value: unknown, member: string): string => `${json(value).slice(0, -1)},${member}}`;

const OTHER_ENTRY = json([describe(OCI_MANIFEST, imageManifest({ seed: "evil" }).bytes)]);
const INDEX = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [ENTRY] };

/** Documents that are something else than they say, or two things at once. */
const DOCUMENTS: readonly HostileCase[] = [
  document("an index that is served as a manifest", json(INDEX), "Malformed"),
  document("a manifest that is served as an index", json(IMAGE), "Malformed", OCI_INDEX),
  document("a document that is index and manifest", json({ ...INDEX, ...IMAGE, mediaType: undefined }), "Malformed"),
  document("the same under the media type of an index", json({ ...IMAGE, ...INDEX }), "Malformed", OCI_INDEX),
  document("a second list of manifests", behind(INDEX, `"manifests":${OTHER_ENTRY}`), "Malformed", OCI_INDEX),
  document("a second list of manifests in front", before(INDEX, `"manifests":${OTHER_ENTRY}`), "Malformed", OCI_INDEX),
  document("a second list of manifests, escaped", behind(INDEX, `"m\\u0061nifests":${OTHER_ENTRY}`), "Malformed", OCI_INDEX),
  document("a second list of manifests in capitals", behind(INDEX, `"Manifests":${OTHER_ENTRY}`), "Malformed", OCI_INDEX),
  document("a second list of manifests with a long s", behind(INDEX, `"manifeſts":${OTHER_ENTRY}`), "Malformed", OCI_INDEX),
  document("a digest twice in one entry", json(INDEX).replace('"platform"', `"digest":"${digestOf("evil")}","platform"`), "Malformed", OCI_INDEX),
  document("a digest in capitals in one entry", json(INDEX).replace('"platform"', `"DIGEST":"${digestOf("evil")}","platform"`), "Malformed", OCI_INDEX),
  document("an operating system twice", json(INDEX).replace('"os":"linux"', '"os":"linux","OS":"windows"'), "Malformed", OCI_INDEX),
  document("a manifest whose fields are inherited", `{"__proto__":${json(IMAGE)}}`, "Malformed"),
  document("a manifest with a __proto__ beside its fields", before(IMAGE, `"__proto__":{"mediaType":"${OCI_INDEX}","manifests":[]}`), null),
  document("a manifest that is nested without an end", "[".repeat(2_000_000), "Malformed"),
  document("a manifest that is nested deeply in one field", behind(IMAGE, `"annotations":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`), "Malformed"),
  document("a manifest of five megabytes", json({ ...IMAGE, annotations: { a: "a".repeat(5_000_000) } }), "TooLarge"),
  document("a manifest that is a number", "1e999", "Malformed"),
  document("a manifest with a NUL behind it", `${json(IMAGE)}\u0000`, "Malformed"),
  document("an empty manifest", "", "Malformed"),
  document("twenty-four thousand layers", json({ ...IMAGE, layers: Array.from({ length: 24_000 }, () => LAYER) }), null),
  document("a million layers", json({ ...IMAGE, layers: Array.from({ length: 1_000_000 }, () => ({})) }), "Malformed"),
  document("an index of ten thousand platforms", json({ ...INDEX, manifests: Array.from({ length: 10_000 }, (_, i) => ({ ...ENTRY, digest: digestOf(`platform ${i}`) })) }), "TooLarge", OCI_INDEX),
  {
    name: "two media types in the headers",
    build: (registry) => {
      signLegacy(registry, BAD, unsigned(registry), { key });
      registry.fault("manifests/v1", withHeaders({ "content-type": `${OCI_MANIFEST}, ${OCI_INDEX}` }));
      return ":v1";
    },
    reason: "Malformed",
  },
  {
    name: "a .sig tag that is an index",
    build: (registry) => {
      const digest = unsigned(registry);
      push(registry, BAD, imageIndex([{ image: CHILD, platform: "linux/amd64" }]), sigTag(digest));
      return ":v1";
    },
    reason: "Unsigned",
  },
  payload("a payload that names the digest twice", (good, other) => good.replace('"docker-manifest-digest"', `"docker-manifest-digest":"${other}","docker-manifest-digest"`), "Malformed"),
  payload("a payload that names the digest by inheritance", (good) => `{"__proto__":${good}}`, "Malformed"),
  payload("a payload for another digest", (good, other) => good.replace(/sha256:[0-9a-f]{64}/, other), "ClaimMismatch"),
  payload("a payload of nothing but brackets", () => "[".repeat(1_000_000), "Malformed"),
];

/** An image whose one signature has another payload than cosign would write. */
function payload(name: string, change: (good: string, other: string) => string, reason: HostileCase["reason"]): HostileCase {
  return {
    name,
    build: (registry: RegistryDouble) => {
      const digest = unsigned(registry);
      const good = Buffer.from(simpleSigningPayload(digest, `${registry.host}/${BAD}`)).toString();
      signLegacy(registry, BAD, digest, { key, payload: Buffer.from(change(good, CHILD.digest)) });
      return ":v1";
    },
    reason,
  };
}

t.test("documents that are something else than they say", (t) => judgeCases(t, DOCUMENTS));
