import t from "tap";
import type { Digest } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { signBundle } from "../helpers/cosign-bundle.ts";
import { COSIGN_ARTIFACT, SIMPLE_SIGNING, sigTag, simpleSigningPayload } from "../helpers/cosign.ts";
import { describe, imageManifest, push, pushIndex } from "../helpers/images.ts";
import { describeSubject } from "../helpers/referrer.ts";
import type { RegistryDouble } from "../helpers/registry-double.ts";
import { withBody } from "../helpers/registry-faults.ts";
import { BAD, type HostileCase, key } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";
import { absentLayers, crowd, indexOf, manifest, OTHER } from "./junk.ts";

t.setTimeout(180_000);

/** A signature document of a megabyte that claims another digest; `seed` makes it another document. */
function heavyPayload(seed: string): Uint8Array {
  const payload = Buffer.from(simpleSigningPayload(OTHER, seed)).toString();
  return Buffer.from(payload.padEnd(1_048_576));
}

/** A layer for a document that is in the registry. */
function heavyLayer(registry: RegistryDouble, seed: string): object {
  const bytes = heavyPayload(seed);
  registry.pushBlob(BAD, bytes);
  return { ...describe(SIMPLE_SIGNING, bytes), annotations: { "dev.cosignproject.cosign/signature": "x" } };
}

const heavyLayers = (registry: RegistryDouble, seed: string, count: number): readonly object[] => Array.from({ length: count }, (_, i) => heavyLayer(registry, `${seed} ${i}`));

/** A referrer with these layers and so much more text. */
function attach(registry: RegistryDouble, subject: Digest, layers: readonly object[], text: string): object {
  const referrer = manifest(layers, { artifactType: COSIGN_ARTIFACT, subject: describeSubject(registry, BAD, subject), annotations: { text } });
  push(registry, BAD, referrer);
  return describe(OCI_MANIFEST, referrer.bytes);
}

/** An index of as many platforms as are judged, unsigned; its own digest and theirs. */
function platforms(registry: RegistryDouble): readonly Digest[] {
  const entries = Array.from({ length: 32 }, (_, i) => ({ image: imageManifest({ seed: `platform ${i}` }), platform: "linux/amd64" }));
  const { index, children } = pushIndex(registry, BAD, entries, "v1");
  return [index, ...children];
}

/** So many bytes that memory would not hold them, were they all read. */
const HEAVY: readonly HostileCase[] = [
  crowd("megabytes of documents under the .sig tag", (registry, digest) => push(registry, BAD, manifest(heavyLayers(registry, "sig", 20)), sigTag(digest))),
  crowd("referrers with megabytes of documents", (registry, digest) => {
    for (let i = 0; i < 10; i += 1) attach(registry, digest, heavyLayers(registry, `referrer ${i}`, 2), "");
  }),
  crowd("referrers whose manifests are larger than a document may be", (registry, digest) => {
    for (let i = 0; i < 5; i += 1) attach(registry, digest, [], `${i}`.padEnd(1_100_000));
  }),
  crowd("referrers that are said to be small and are megabytes", (registry, digest) => {
    const listed = Array.from({ length: 10 }, (_, i) => ({ ...attach(registry, digest, [], `${i}`.padEnd(2_000_000)), size: 500 }));
    registry.fault(/referrers/, withBody(indexOf(listed)));
  }),
  crowd("heavy junk in one place and a good signature in another", (registry, digest) => {
    push(registry, BAD, manifest(heavyLayers(registry, "sig", 20)), sigTag(digest));
    signBundle(registry, BAD, digest, { key });
  }, { reason: null }),
];

/** As much as one look-up may read, for each part of an index. */
const INDEXES: readonly HostileCase[] = [
  {
    name: "an index whose every platform has megabytes of documents",
    build: (registry) => {
      const subjects = platforms(registry);
      for (const subject of subjects) push(registry, BAD, manifest(heavyLayers(registry, subject, 2)), sigTag(subject));
      return ":v1";
    },
    reason: "ClaimMismatch",
    otherwise: "Overloaded",
  },
  {
    name: "an index whose every platform has thousands of layers in its .sig manifest",
    build: (registry) => {
      const layers = absentLayers(3_000);
      for (const subject of platforms(registry)) push(registry, BAD, manifest(layers, { annotations: { subject } }), sigTag(subject));
      return ":v1";
    },
    reason: "TooLarge",
    otherwise: "Overloaded",
  },
];

t.test("more bytes of accessories than a look-up may read", (t) => judgeCases(t, HEAVY));

t.test("more bytes of accessories than memory is set aside for", async (t) => {
  // What one of them makes the process read counts against the next one: each has a process of its own.
  for (const attack of INDEXES) await judgeCases(t, [attack]);
});
