import { computeDigest, type Digest, parseDigest } from "../../src/image/digest.ts";
import { arrayField, isObject, type JsonObject, objectField, parseJsonObject, stringField, stringMapField } from "../../src/json.ts";

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A descriptor as a registry or a client writes it into an index; the order of the keys is that of Go's structs. */
export interface WrittenDescriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest that is read once, when it comes: its subject, if it has one, and how it is listed there. */
interface KeptManifest extends StoredManifest {
  readonly subject: string | undefined;
  readonly listed: WrittenDescriptor;
}

interface StoredRepository {
  readonly manifests: Map<Digest, KeptManifest>;
  readonly tags: Map<string, Digest>;
  readonly blobs: Map<Digest, Uint8Array>;
}

/** What a registry keeps. Repositories share nothing, as in a registry that checks rights. */
export class RegistryStore {
  readonly #repositories = new Map<string, StoredRepository>();

  /** Stores any bytes under any media type: what a hostile registry may serve, a test may push. */
  push(repository: string, bytes: Uint8Array, mediaType: string, tag?: string): Digest {
    const digest = computeDigest("sha256", bytes);
    const stored = this.#open(repository);
    stored.manifests.set(digest, keep({ digest, mediaType, bytes }));
    if (tag !== undefined) stored.tags.set(tag, digest);
    return digest;
  }

  pushBlob(repository: string, bytes: Uint8Array): Digest {
    const digest = computeDigest("sha256", bytes);
    this.#open(repository).blobs.set(digest, bytes);
    return digest;
  }

  /** By tag or digest. */
  manifest(repository: string, target: string): StoredManifest | undefined {
    const stored = this.#repositories.get(repository);
    const digest = parseDigest(target) ?? stored?.tags.get(target);
    return digest === undefined ? undefined : stored?.manifests.get(digest);
  }

  blob(repository: string, digest: string): Uint8Array | undefined {
    const parsed = parseDigest(digest);
    return parsed === undefined ? undefined : this.#repositories.get(repository)?.blobs.get(parsed);
  }

  /** Forgets a tag, or a manifest and every tag of it. */
  remove(repository: string, target: string): void {
    const stored = this.#open(repository);
    const digest = parseDigest(target);
    if (digest === undefined) {
      stored.tags.delete(target);
      return;
    }
    stored.manifests.delete(digest);
    for (const [tag, tagged] of stored.tags) if (tagged === digest) stored.tags.delete(tag);
  }

  /** Descriptors of the manifests whose subject is this digest, in the order in which they were pushed (distribution-spec, "Listing Referrers"). */
  referrers(repository: string, subject: string): readonly WrittenDescriptor[] {
    const manifests = [...(this.#repositories.get(repository)?.manifests.values() ?? [])];
    return manifests.flatMap((manifest) => (manifest.subject === subject ? [manifest.listed] : []));
  }

  #open(repository: string): StoredRepository {
    const known = this.#repositories.get(repository);
    if (known !== undefined) return known;
    const created = { manifests: new Map(), tags: new Map(), blobs: new Map() };
    this.#repositories.set(repository, created);
    return created;
  }
}

/** The digests that an index names, in its order; none for anything else. */
export function childrenOf(manifest: StoredManifest): readonly Digest[] {
  const entries = arrayField(parseJsonObject(manifest.bytes) ?? {}, "manifests") ?? [];
  return entries.flatMap((entry) => (isObject(entry) ? (parseDigest(stringField(entry, "digest") ?? "") ?? []) : []));
}

function keep(manifest: StoredManifest): KeptManifest {
  const document = parseJsonObject(manifest.bytes) ?? {};
  return { ...manifest, subject: stringField(objectField(document, "subject") ?? {}, "digest"), listed: describeReferrer(manifest, document) };
}

// The artifact type of a referrer is its own, else the media type of its config; its annotations come along.
function describeReferrer(manifest: StoredManifest, document: JsonObject): WrittenDescriptor {
  const artifactType = stringField(document, "artifactType") ?? stringField(objectField(document, "config") ?? {}, "mediaType");
  const annotations = Object.fromEntries(stringMapField(document, "annotations"));
  return {
    mediaType: manifest.mediaType,
    size: manifest.bytes.length,
    digest: manifest.digest,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
