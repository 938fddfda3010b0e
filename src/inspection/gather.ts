import type { Digest } from "../image/digest.ts";
import type { Descriptor } from "../image/manifest.ts";
import { promiseOf } from "../signature/accessory.ts";
import type { Candidate, Location } from "../signature/candidate.ts";
import { referrersTag, signatureTag } from "../signature/cosign.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { AccessoryReader, attempt, type Found, mergeFound, NOTHING } from "./accessories.ts";
import type { Access, Call, Locator, Registry } from "./ports.ts";

/** Each location has a quota of its own, so that junk in one cannot crowd out a signature in another. */
const MAX_SIGNATURE_LAYERS = 50;
const MAX_REFERRERS = 50;
/** cosign writes one document into a referrer; a few more are somebody's own tool, many are an attack. */
const MAX_DOCUMENTS_OF_REFERRER = 10;

/**
 * Finds everything that is attached to a digest, in the three places where cosign 2, cosign 3 and notation put it, side
 * by side: the `.sig` tag, the referrers API, and the fallback tag of that API. None hides another (cosign 3 itself
 * ignores `.sig` as soon as there is any bundle), and nothing is remembered about what a registry supports.
 */
export class Gatherer implements Locator {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async locate(access: Access, subject: Digest, call: Call): Promise<Evidence> {
    const reader = new AccessoryReader(this.#registry, access, call);
    const [sigTag, referrers, fallback] = await Promise.all([
      fromSignatureTag(reader, subject),
      fromReferrers(reader, subject),
      fromReferrersTag(reader, subject),
    ]);
    const all: readonly (readonly [Location, Found])[] = [["sig-tag", sigTag], ["referrers", referrers], ["referrers-tag", fallback]];
    return {
      subject,
      candidates: listOnce(all.map(([, found]) => found.candidates)),
      failed: all.flatMap(([, found]) => found.failed),
      exhausted: all.filter(([, found]) => found.isExhausted).map(([location]) => location),
    };
  }
}

function fromSignatureTag(reader: AccessoryReader, subject: Digest): Promise<Found> {
  const tag = signatureTag(subject);
  if (tag === undefined) return Promise.resolve(NOTHING);
  return attempt("sig-tag", "simple-signing", async () => {
    const manifest = await reader.manifest({ kind: "tag", tag });
    return reader.read(manifest, { location: "sig-tag", quota: MAX_SIGNATURE_LAYERS });
  });
}

function fromReferrers(reader: AccessoryReader, subject: Digest): Promise<Found> {
  return attempt("referrers", "unknown", async () => {
    const referrers = await reader.referrers(subject);
    if (referrers.kind === "unsupported") return NOTHING;
    const found = await readListed(reader, referrers.descriptors, "referrers");
    return { ...found, isExhausted: found.isExhausted || referrers.truncated };
  });
}

function fromReferrersTag(reader: AccessoryReader, subject: Digest): Promise<Found> {
  return attempt("referrers-tag", "unknown", async () => {
    const index = await reader.manifest({ kind: "tag", tag: referrersTag(subject) });
    if (index.kind === "index") return readListed(reader, index.manifests, "referrers-tag");
    return { ...NOTHING, candidates: [{ digest: index.digest, layout: "unknown", location: "referrers-tag", claim: { kind: "unreadable", reason: "Malformed" } }] };
  });
}

async function readListed(reader: AccessoryReader, descriptors: readonly Descriptor[], location: Location): Promise<Found> {
  const byPromise = descriptors.toSorted((a, b) => promiseOf(a) - promiseOf(b));
  const used = byPromise.slice(0, MAX_REFERRERS);
  const found = await Promise.all(used.map((each) => reader.listed(each, { location, quota: MAX_DOCUMENTS_OF_REFERRER })));
  const merged = mergeFound(found);
  return { ...merged, isExhausted: merged.isExhausted || byPromise.length > used.length };
}

// A manifest that several locations list is told once, where it was found first. Its own layers stay apart.
function listOnce(groups: readonly (readonly Candidate[])[]): readonly Candidate[] {
  const told = new Set<Digest>();
  const listed: Candidate[] = [];
  for (const group of groups) {
    const fresh = group.filter(({ digest }) => digest === undefined || !told.has(digest));
    listed.push(...fresh);
    for (const { digest } of fresh) if (digest !== undefined) told.add(digest);
  }
  return listed;
}
