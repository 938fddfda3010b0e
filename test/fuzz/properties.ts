import * as fc from "fast-check";
import { readLabels } from "../../src/admission/labels.ts";
import { decodeReview } from "../../src/admission/review.ts";
import { decodeWorkload, workloadResource } from "../../src/admission/workload.ts";
import { computeDigest } from "../../src/image/digest.ts";
import { decodeManifest, ManifestError } from "../../src/image/manifest.ts";
import { parseReference, pinned, ReferenceError, repositoryName } from "../../src/image/reference.ts";
import { decodeBundle } from "../../src/signature/bundle.ts";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import { decodeAttestation } from "../../src/signature/envelope.ts";
import type { Claim } from "../../src/signature/candidate.ts";
import { DEFAULTS, verdictImage, World } from "../admission/harness.ts";
import { bundleOf } from "../helpers/cosign-bundle.ts";
import { simpleSigningPayload } from "../helpers/cosign.ts";
import { imageIndex, imageManifest, jsonBytes } from "../helpers/images.ts";
import { namesAnImage, recordedPodSchema } from "../helpers/pod-schema.ts";
import { referenceCorpus } from "../helpers/references.ts";
import { minimalReview } from "../helpers/reviews.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { mutated, spoilt } from "./mutation.ts";
import { podSpecs } from "./workloads.ts";

/** What has to hold whatever comes in. */
export interface Fuzzer {
  readonly name: string;
  readonly property: fc.IAsyncProperty<unknown[]> | fc.IProperty<unknown[]>;
}

const IMAGE = imageManifest();
const INDEX = imageIndex([{ image: IMAGE, platform: "linux/amd64" }]);
const key = generateSigningKey();

/** Texts that are references, nearly so, or nothing of the kind. */
function references(): fc.Arbitrary<string> {
  const { valid, malformed } = referenceCorpus();
  const written = fc.constantFrom(...[...valid, ...malformed].map(({ text }) => text));
  const inserted = fc.tuple(written, fc.string({ unit: "binary", maxLength: 3 }), fc.nat()).map(([text, odd, at]) => text.slice(0, at % (text.length + 1)) + odd + text.slice(at % (text.length + 1)));
  return fc.oneof(inserted, fc.string({ unit: "binary", maxLength: 80 }), fc.string({ maxLength: 2000 }));
}

// A reference that is read is what it says: written out in full, it is read as the same again.
const reference = fc.property(references(), (text) => {
  const read = parsed(text);
  if (read === undefined) return;
  const { repository, target } = read;
  if (!/^[a-z0-9.:[\]/_-]+$/.test(repositoryName(repository))) throw new Error(`a name of other characters: ${repositoryName(repository)}`);
  // With a port, Docker Hub's default folder is not filled in: what that names cannot be written without one.
  if (repository.host === "docker.io" && !repository.path.includes("/")) return;
  // And in `REGISTRY/web` the capitals alone say that this is a host.
  if (!/[.:]|^localhost$/.test(repository.host)) return;
  const again = parsed(target.kind === "digest" ? pinned(repository, target.digest) : `${repositoryName(repository)}:${target.tag}`);
  if (again === undefined || repositoryName(again.repository) !== repositoryName(repository)) throw new Error("written out, it is another one");
});

function parsed(text: string): ReturnType<typeof parseReference> | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

// A manifest is refused as malformed, or it is exactly one kind of document whose digest is that of its bytes.
const manifest = fc.property(
  fc.oneof(spoilt(IMAGE.bytes), spoilt(INDEX.bytes), ...[IMAGE, INDEX].map(({ bytes }) => mutated(JSON.parse(Buffer.from(bytes).toString())).map((text) => new TextEncoder().encode(text)))),
  fc.constantFrom(IMAGE.mediaType, INDEX.mediaType, undefined, "application/json"),
  (bytes, contentType) => {
    try {
      const read = decodeManifest(bytes, contentType);
      const isIndex = Object.hasOwn(JSON.parse(Buffer.from(bytes).toString()) as object, "manifests");
      if (read.digest !== computeDigest("sha256", bytes) || (read.kind === "index") !== isIndex) throw new Error("read as something else than it is");
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
    }
  },
);

// A signature claims no digest that does not stand in what was signed.
function claimsWhatItHolds(bytes: Uint8Array, decode: (bytes: Uint8Array) => Claim): void {
  const claim = decode(bytes);
  if (claim.kind !== "claims" && claim.kind !== "attests") return;
  const { document } = claim;
  const signed = Buffer.from(document.kind === "simple-signing" ? document.payload : document.envelope.payload).toString();
  for (const digest of claim.digests) if (!signed.includes(digest.slice(digest.indexOf(":") + 1))) throw new Error(`claims ${digest}, which nobody signed`);
}

const BUNDLE = bundleOf(IMAGE.digest, { key });
const bundle = fc.property(altered(BUNDLE), (bytes) => claimsWhatItHolds(bytes, (each) => decodeBundle(each).claim));
const envelope = fc.property(altered(jsonBytes((JSON.parse(Buffer.from(BUNDLE).toString()) as { readonly dsseEnvelope: unknown }).dsseEnvelope)), (bytes) =>
  claimsWhatItHolds(bytes, decodeAttestation),
);
const payload = fc.property(altered(simpleSigningPayload(IMAGE.digest, "registry.example.com/web")), (bytes) =>
  claimsWhatItHolds(bytes, (each) => decodeSimpleSigning(each, new Map([[SIGNATURE_ANNOTATION, "x"]]))),
);

function altered(document: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.oneof(spoilt(document), mutated(JSON.parse(Buffer.from(document).toString())).map((text) => new TextEncoder().encode(text)));
}

// Whatever is done to a review of an unsigned image: it is answered, and let in only where it is not ours to judge.
const review = fc.asyncProperty(mutated(minimalReview(verdictImage("Unsigned"))), async (text) => {
  const world = new World();
  world.labels = new Map([["pratique.dev/enforce", "signed"]]);
  const { http, allowed, body } = await world.ask("enforce", text);
  if (world.defects.length > 0) throw new Error("a defect of ours", { cause: world.defects[0]?.cause });
  if (allowed !== true) return;
  const decoded = decodeReview(Buffer.from(text));
  const isOurs = decoded.kind === "review" && ["CREATE", "UPDATE"].includes(decoded.review.operation) && decoded.review.subresource === undefined;
  if (http !== 200 || (isOurs && JSON.stringify(decoded.review.object).includes(verdictImage("Unsigned")))) throw new Error(`let in: ${JSON.stringify(body)}`);
});

// A namespace's labels are always read; a bad value of the one that decides is read as the strictest level.
const labels = fc.property(
  fc.dictionary(fc.oneof(fc.constantFrom("enforce", "warn", "audit", "index", "require-digest", "on-outage", "Enforce").map((name) => `pratique.dev/${name}`), fc.string()), fc.oneof(fc.constantFrom("none", "signed", "verified", "Signed", "true", ""), fc.string())),
  (object) => {
    const { demand } = readLabels(new Map(Object.entries(object)), DEFAULTS);
    const text = Object.hasOwn(object, "pratique.dev/enforce") ? object["pratique.dev/enforce"] : DEFAULTS.enforce;
    const expected = ["none", "signed", "verified"].includes(text ?? "") ? text : "verified";
    if (demand.enforce !== expected) throw new Error(`enforce ${JSON.stringify(text)} is read as ${demand.enforce}`);
  },
);

const DEPLOYMENT = workloadResource({ group: "apps", version: "v1", resource: "deployments" });

// No field that names an image escapes: what we visit is what stands in the object, wherever that is.
const workload = fc.property(podSpecs(recordedPodSchema()), (spec) => {
  if (DEPLOYMENT === undefined) throw new Error("Deployments are not judged");
  const decoded = decodeWorkload(DEPLOYMENT, { kind: "Deployment", spec: { template: { spec } } });
  if (decoded.kind === "malformed") throw new Error(`${decoded.field}: ${decoded.message}`);
  const visited = decoded.workload.uses.filter(({ image }) => image !== "").map(({ field, image }) => `${field} ${image}`);
  const standing = imagesIn(spec, "spec.template.spec");
  if (visited.toSorted().join("\n") !== standing.toSorted().join("\n")) throw new Error(`visited ${JSON.stringify(visited)}, there are ${JSON.stringify(standing)}`);
});

function imagesIn(value: unknown, path: string): readonly string[] {
  if (typeof value === "string") return value !== "" && namesAnImage(path) ? [`${path} ${value}`] : [];
  if (Array.isArray(value)) return value.flatMap((each, i) => imagesIn(each, `${path}[${i}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => imagesIn(each, `${path}.${name}`));
}

export const FUZZERS: readonly Fuzzer[] = [
  { name: "references", property: reference },
  { name: "manifests", property: manifest },
  { name: "bundles", property: bundle },
  { name: "envelopes", property: envelope },
  { name: "payloads", property: payload },
  { name: "reviews", property: review },
  { name: "labels", property: labels },
  { name: "workloads", property: workload },
];

