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

/** What one place gave: candidates, what could not be found out there, and whether there is more than its quota. */
export interface Found {
  readonly candidates: readonly Candidate[];
  readonly failed: readonly FailedLocation[];
  readonly isExhausted: boolean;
}

export const NOTHING: Found = { candidates: [], failed: [], isExhausted: false };

/** Payloads and bundles are small; what is larger is not read. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Where an accessory was found, and how many signature documents of it are read. */
export interface Place {
  readonly location: Location;
  readonly quota: number;
}

/** Reads the accessories of one subject; nothing is read twice, however often it is listed. */
export class AccessoryReader {
  readonly #registry: Registry;
  readonly #access: Access;
  readonly #call: Call;
  readonly #manifests = new Map<Digest, Promise<Manifest>>();
  /** By the size as well: a descriptor that lies about it must not spoil an honest one for the same bytes. */
  readonly #blobs = new Map<string, Promise<Uint8Array>>();

  constructor(registry: Registry, access: Access, call: Call) {
    this.#registry = registry;
    this.#access = access;
    this.#call = call;
  }

  manifest(target: Target): Promise<Manifest> {
    return this.#registry.fetchManifest(this.#access, target, this.#call);
  }

  referrers(subject: Digest): ReturnType<Registry["listReferrers"]> {
    return this.#registry.listReferrers(this.#access, subject, this.#call);
  }

  /** An accessory by its descriptor, as far as that names it. Never throws for what a registry did. */
  listed(descriptor: Pick<Descriptor, "digest">, place: Place): Promise<Found> {
    return attempt(place.location, "unknown", async () => {
      const { digest } = descriptor;
      const manifest = await once(this.#manifests, digest, () => this.manifest({ kind: "digest", digest, tag: undefined }));
      return this.read(manifest, place);
    });
  }

  /** Everything that a manifest carries, up to the quota of documents. */
  async read(manifest: Manifest, { location, quota }: Place): Promise<Found> {
    const accessory = classifyAccessory(manifest, location);
    if (accessory.kind === "instead") {
      return { ...NOTHING, candidates: [{ digest: manifest.digest, layout: accessory.layout, location, claim: { kind: "instead" } }] };
    }
    const documents = accessory.documents.slice(0, quota);
    const found = await Promise.all(documents.map((document) => this.#document(document, manifest.digest, location)));
    return { ...mergeFound(found), isExhausted: accessory.documents.length > quota };
  }

  #document(document: DocumentLayer, digest: Digest, location: Location): Promise<Found> {
    const { layer, layout } = document;
    return attempt(location, layout, async () => {
      const bytes = await once(this.#blobs, `${layer.digest} ${layer.size}`, () => this.#registry.fetchBlob(this.#access, layer, MAX_DOCUMENT_BYTES, this.#call));
      return { ...NOTHING, candidates: [{ digest, location, ...decode(layout, bytes, layer) }] };
    }, digest);
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
