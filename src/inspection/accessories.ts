import type { Digest } from "../image/digest.ts";
import type { Descriptor, Manifest } from "../image/manifest.ts";
import type { Target } from "../image/reference.ts";
import { classifyAccessory, type DocumentLayer } from "../signature/accessory.ts";
import { decodeBundle } from "../signature/bundle.ts";
import type { Candidate, Layout, Location, UnreadableReason } from "../signature/candidate.ts";
import { decodeSimpleSigning } from "../signature/cosign.ts";
import { decodeAttestation } from "../signature/envelope.ts";
import { RefusedError, UndeterminedError } from "../verdict/failure.ts";
import type { FailedLocation } from "../verdict/evidence.ts";
import type { Access, Call, Registry } from "./ports.ts";
import type { Bounded } from "./recent-bytes.ts";

/** What one place gave: candidates, what could not be found out there, and whether there is more than its quota. */
export interface Found {
  readonly candidates: readonly Candidate[];
  readonly failed: readonly FailedLocation[];
  readonly isExhausted: boolean;
}

export const NOTHING: Found = { candidates: [], failed: [], isExhausted: false };

/** Payloads and bundles are small; what is larger is not read. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** A signature takes less: it is read in any case, so that heavy junk cannot crowd out a good one. Quotas bound their number. */
export const LIGHT_BYTES = 16 * 1024;
/** A list of some dozens of signatures, or of hundreds of referrers, takes less: it costs no more time to decode than others have to spare. */
const LIGHT_LIST_BYTES = 256 * 1024;
/** What a heavier list counts as: the most that the registry client reads of one. */
const HEAVY_LIST_BYTES = 4 * 1024 * 1024;

/** Where an accessory was found, how many signature documents of it are read, and how many bytes of heavy ones. */
export interface Place {
  readonly location: Location;
  readonly quota: number;
  readonly allowance: Bounded;
}

/** What an accessory is read with. */
export interface ReaderParts {
  readonly registry: Registry;
  readonly access: Access;
  readonly call: Call;
  /** Of heavy bytes, shared with everybody else in the process. */
  readonly shared: Bounded;
}

/** Reads the accessories of one subject; nothing is read twice, however often it is listed. */
export class AccessoryReader {
  readonly #parts: ReaderParts;
  // By the size as well: a descriptor that lies about it must not spoil an honest one for the same bytes.
  readonly #manifests = new Map<string, Promise<Manifest>>();
  readonly #blobs = new Map<string, Promise<Uint8Array>>();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** The accessory under a tag; `layout` is what it is taken for when it cannot be read. */
  tagged(tag: string, layout: Layout, place: Place): Promise<Found> {
    return this.list(place, layout, async ({ registry, access, call }) => this.#read(await registry.fetchManifest(access, { kind: "tag", tag }, call), place));
  }

  /**
   * Reads a list, whose size nobody tells before: as a light one, and when it is none, as a heavy one within the allowance.
   * Never throws for what a registry did.
   */
  list(place: Place, layout: Layout, read: (parts: ReaderParts) => Promise<Found>): Promise<Found> {
    const { call } = this.#parts;
    return attempt(place.location, layout, async () => {
      try {
        return await read({ ...this.#parts, call: { ...call, maxBytes: LIGHT_LIST_BYTES } });
      } catch (error) {
        if (!(error instanceof RefusedError) || error.code !== "TooLarge") throw error;
        return this.#within(place, HEAVY_LIST_BYTES, () => read(this.#parts));
      }
    });
  }

  /** An accessory by its descriptor, as far as that names it. Never throws for what a registry did. */
  listed(descriptor: Pick<Descriptor, "digest" | "size">, place: Place): Promise<Found> {
    const { digest, size } = descriptor;
    return attempt(place.location, "unknown", async () => {
      if (size > MAX_DOCUMENT_BYTES) throw new RefusedError("TooLarge", `${digest} has ${size} bytes, and at most ${MAX_DOCUMENT_BYTES} are read`);
      return this.#within(place, size - LIGHT_BYTES, () => this.#readListed(descriptor, place));
    });
  }

  async #readListed({ digest, size }: Pick<Descriptor, "digest" | "size">, place: Place): Promise<Found> {
    const { registry, access, call } = this.#parts;
    const target: Target = { kind: "digest", digest, tag: undefined };
    // No more is read than was reckoned with, whatever a descriptor says of its size.
    const manifest = await once(this.#manifests, `${digest} ${size}`, () => registry.fetchManifest(access, target, { ...call, maxBytes: size }));
    return this.#read(manifest, place);
  }

  // Everything that a manifest carries, up to the quota of documents.
  async #read(manifest: Manifest, place: Place): Promise<Found> {
    const { location, quota } = place;
    const accessory = classifyAccessory(manifest, location);
    if (accessory.kind === "instead") {
      return { ...NOTHING, candidates: [{ digest: manifest.digest, layout: accessory.layout, location, claim: { kind: "instead" } }] };
    }
    const documents = accessory.documents.slice(0, quota);
    const found = mergeFound(await Promise.all(documents.map((document) => this.#document(document, manifest.digest, place))));
    return { ...found, isExhausted: found.isExhausted || accessory.documents.length > quota };
  }

  #document({ layer, layout }: DocumentLayer, digest: Digest, place: Place): Promise<Found> {
    const { registry, access, call } = this.#parts;
    return attempt(place.location, layout, () => this.#within(place, Math.min(layer.size, MAX_DOCUMENT_BYTES) - LIGHT_BYTES, async () => {
      const bytes = await once(this.#blobs, `${layer.digest} ${layer.size}`, () => registry.fetchBlob(access, layer, MAX_DOCUMENT_BYTES, call));
      return { ...NOTHING, candidates: [{ digest, location: place.location, ...decode(layout, bytes, layer) }] };
    }), digest);
  }

  // Goes on where there is nothing heavy, or where both the place and the process have so many bytes left.
  async #within({ allowance }: Place, heavyBytes: number, step: () => Promise<Found>): Promise<Found> {
    if (heavyBytes <= 0) return step();
    if (!allowance.take(heavyBytes)) return { ...NOTHING, isExhausted: true };
    if (this.#parts.shared.take(heavyBytes)) return step();
    throw new UndeterminedError("Overloaded", "more large accessories are being read than memory is set aside for");
  }
}

function decode(layout: DocumentLayer["layout"], bytes: Uint8Array, layer: Descriptor): Pick<Candidate, "layout" | "claim"> {
  switch (layout) {
    case "bundle":
      return decodeBundle(bytes);
    case "attestation":
      return { layout, claim: decodeAttestation(bytes) };
    case "simple-signing":
    case "oci-1-1":
      return { layout, claim: decodeSimpleSigning(bytes, layer.annotations) };
  }
}

export function mergeFound(all: readonly Found[]): Found {
  return {
    candidates: all.flatMap((each) => each.candidates),
    failed: all.flatMap((each) => each.failed),
    isExhausted: all.some((each) => each.isExhausted),
  };
}

/**
 * Runs one step of a look-up. What is not there is nothing; what the evidence refuses is a candidate that cannot be
 * read; what could not be found out is a failure of the location. Anything else is a defect and goes on up.
 */
export async function attempt(location: Location, layout: Layout, step: () => Promise<Found>, digest?: Digest): Promise<Found> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof UndeterminedError) {
      return { ...NOTHING, failed: [{ location, reason: error.code, message: error.message }] };
    }
    if (!(error instanceof RefusedError)) throw error;
    // An entry that is listed but gone is what a deleted signature leaves behind: it is simply not there.
    if (error.code === "ImageNotFound") return NOTHING;
    const reason = UNREADABLE.get(error.code);
    if (reason === undefined) throw error;
    return { ...NOTHING, candidates: [{ digest, layout, location, claim: { kind: "unreadable", reason } }] };
  }
}

const UNREADABLE: ReadonlyMap<string, UnreadableReason> = new Map(
  (["Malformed", "TooLarge", "DigestMismatch", "BlockedByRegistry", "RegistryForbidden"] as const).map((reason) => [reason, reason]),
);

function once<Key, Value>(kept: Map<Key, Promise<Value>>, key: Key, fetch: () => Promise<Value>): Promise<Value> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const fetched = fetch();
  kept.set(key, fetched);
  return fetched;
}
