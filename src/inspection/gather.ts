import type { Digest } from "../image/digest.ts";
import type { Descriptor } from "../image/manifest.ts";
import { promiseOf } from "../signature/accessory.ts";
import type { Candidate, Layout, Location, Sought } from "../signature/candidate.ts";
import { attestationTag, referrersTag, signatureTag } from "../signature/cosign.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { AccessoryReader, type Found, mergeFound, NOTHING, type Place } from "./accessories.ts";
import type { Access, Call, Locator, Query, Registry } from "./ports.ts";
import { Allowance, type Bounded, UNBOUNDED } from "./recent-bytes.ts";

/** Each location has a quota of its own, so that junk in one cannot crowd out a signature in another. */
const MAX_LAYERS = 50;
const MAX_REFERRERS = 50;
/** cosign writes one document into a referrer; a few more are somebody's own tool, many are an attack. */
const MAX_DOCUMENTS_OF_REFERRER = 10;
/** Of documents and manifests that are larger than a signature ever is, in one location. */
const MAX_HEAVY_BYTES = 6 * 1024 * 1024;

/**
 * Finds everything that is attached to a digest, in the three places where cosign 2, cosign 3 and notation put it, side
 * by side: the `.sig` tag (for attestations `.att`), the referrers API, and the fallback tag of that API. None hides
 * another (cosign 3 itself ignores `.sig` as soon as there is any bundle), and nothing is remembered about what a registry
 * supports.
 */
export class Gatherer implements Locator {
  readonly #registry: Registry;
  readonly #shared: Bounded;

  /** `shared`: how many bytes of heavy accessories all look-ups of the process may read. */
  constructor(registry: Registry, shared: Bounded = UNBOUNDED) {
    this.#registry = registry;
    this.#shared = shared;
  }

  async locate(access: Access, { subject, sought, tagPrefix }: Query, call: Call): Promise<Evidence> {
    const reader = new AccessoryReader({ registry: this.#registry, access, call, shared: this.#shared });
    const [tagged, referrers, fallback] = await Promise.all([
      fromCosignTag(reader, COSIGN_TAGS[sought], subject, tagPrefix),
      fromReferrers(reader, subject, sought),
      fromReferrersTag(reader, subject, sought),
    ]);
    const all: readonly (readonly [Location, Found])[] = [[COSIGN_TAGS[sought].location, tagged], ["referrers", referrers], ["referrers-tag", fallback]];
    return {
      subject,
      candidates: listOnce(all.map(([, found]) => found.candidates)),
      failed: all.flatMap(([, found]) => found.failed),
      exhausted: all.filter(([, found]) => found.isExhausted).map(([location]) => location),
    };
  }
}

/** A tag of cosign's own, whose manifest has a layer for each document. */
interface CosignTag {
  readonly location: Location;
  readonly layout: Layout;
  readonly tagOf: (subject: Digest) => string | undefined;
}

const COSIGN_TAGS: Readonly<Record<Sought, CosignTag>> = {
  signatures: { location: "sig-tag", layout: "simple-signing", tagOf: signatureTag },
  attestations: { location: "att-tag", layout: "attestation", tagOf: attestationTag },
};

function fromCosignTag(reader: AccessoryReader, { location, layout, tagOf }: CosignTag, subject: Digest, prefix: string): Promise<Found> {
  const tag = tagOf(subject);
  if (tag === undefined) return Promise.resolve(NOTHING);
  return reader.tagged(`${prefix}${tag}`, layout, { location, quota: MAX_LAYERS, allowance: new Allowance(MAX_HEAVY_BYTES) });
}

function fromReferrers(reader: AccessoryReader, subject: Digest, sought: Sought): Promise<Found> {
  const place = referrersPlace("referrers");
  return reader.list(place, "unknown", async ({ registry, access, call }) => {
    const referrers = await registry.listReferrers(access, subject, call);
    if (referrers.kind === "unsupported") return NOTHING;
    const found = await readListed(reader, referrers.descriptors, { place, sought });
    return { ...found, isExhausted: found.isExhausted || referrers.truncated };
  });
}

function fromReferrersTag(reader: AccessoryReader, subject: Digest, sought: Sought): Promise<Found> {
  const place = referrersPlace("referrers-tag");
  return reader.list(place, "unknown", async ({ registry, access, call }) => {
    const index = await registry.fetchManifest(access, { kind: "tag", tag: referrersTag(subject) }, call);
    if (index.kind === "index") return readListed(reader, index.manifests, { place, sought });
    return { ...NOTHING, candidates: [{ digest: index.digest, layout: "unknown", location: "referrers-tag", claim: { kind: "unreadable", reason: "Malformed" } }] };
  });
}

function referrersPlace(location: Location): Place {
  return { location, quota: MAX_DOCUMENTS_OF_REFERRER, allowance: new Allowance(MAX_HEAVY_BYTES) };
}

async function readListed(reader: AccessoryReader, descriptors: readonly Descriptor[], { place, sought }: { readonly place: Place; readonly sought: Sought }): Promise<Found> {
  const byPromise = descriptors.toSorted((a, b) => promiseOf(a, sought) - promiseOf(b, sought));
  const used = byPromise.slice(0, MAX_REFERRERS);
  const found = await Promise.all(used.map((each) => reader.listed(each, place)));
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
