import { LRUCache } from "lru-cache";
import { computeDigest, type Digest, matchesDigest } from "../../image/digest.ts";
import { type Descriptor, decodeManifest, type Manifest, ManifestError } from "../../image/manifest.ts";
import { MANIFEST_MEDIA_TYPES, mediaTypeOf, OCI_INDEX } from "../../image/media-type.ts";
import { pinned, type Repository, repositoryName, type Target } from "../../image/reference.ts";
import type { Access, AccessoryList, AccessoryLists, Call, Referrers, Registry } from "../../inspection/ports.ts";
import { RefusedError } from "../../verdict/failure.ts";
import type { Answer } from "./answer.ts";
import { Authorizer } from "./authorizer.ts";
import { Connections } from "./connections.ts";
import { withinCall } from "./deadline.ts";
import { statusError } from "./failure.ts";
import { accessoriesPath, asHarborWantsIt, decodeAccessories } from "./harbor.ts";
import { Reach } from "./reach.ts";
import { decodeReferrers, nextPage } from "./referrers.ts";
import type { RegistryEnvironment, RequestKind } from "./settings.ts";
import { Transport } from "./transport.ts";

/** Bytes. */
const MAX_MANIFEST = 4_194_304;
const MAX_PAGES = 4;
/** Whoever writes image references chooses the hosts. */
const MAX_PERMITTED = 1024;
/** There is no referrers API: OCI distribution-spec 1.1 asks for 404, some registries say it in the other ways. */
const NO_REFERRERS = new Set([400, 404, 405, 501]);

/** What is asked of a registry. */
interface Question {
  readonly kind: RequestKind;
  /** Of what is asked for, for messages. */
  readonly name: string;
  /** With its query, below the repository's. */
  readonly path: string;
  readonly accept: string;
  readonly maxBytes: number;
}

/** An OCI registry over HTTP, read only (OCI distribution-spec 1.1). Nothing is kept but connections and tokens. */
export class RegistryClient implements Registry, AccessoryLists {
  readonly #environment: RegistryEnvironment;
  readonly #connections: Connections;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  /** The hosts that references may name, as far as that shows in how they are written. The configuration never changes. */
  readonly #permitted = new LRUCache<string, true>({ max: MAX_PERMITTED });

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
    this.#connections = new Connections(environment);
    this.#transport = new Transport(environment);
    this.#authorizer = new Authorizer(this.#transport, this.#connections, environment);
  }

  refuseForbidden({ host }: Repository): void {
    if (this.#permitted.has(host)) return;
    const reach = new Reach(host, this.#environment);
    reach.ruleFor(reach.base, reach.base);
    this.#permitted.set(host, true);
  }

  remembers(): boolean {
    return false;
  }

  async fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest> {
    const name = nameOf(access.repository, target);
    const path = `manifests/${target.kind === "tag" ? target.tag : target.digest}`;
    const accept = MANIFEST_MEDIA_TYPES.join(", ");
    const answer = await this.#ask(access, { kind: "manifest", name, path, accept, maxBytes: maxBytesOf(call) }, call);
    refuseStatus(access, name, answer);
    // A tag's digest is what we hash, whatever a header says.
    const digest = target.kind === "tag" ? computeDigest("sha256", answer.bytes) : target.digest;
    refuseMismatch(name, digest, answer.bytes);
    return readable(name, () => decodeManifest(answer.bytes, contentTypeOf(answer), digest));
  }

  async fetchBlob(access: Access, descriptor: Descriptor, maxBytes: number, call: Call): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    const name = pinned(access.repository, digest);
    if (size > maxBytes) throw new RefusedError("TooLarge", `${name} has ${size} bytes, and at most ${maxBytes} are read`);
    const answer = await this.#ask(access, { kind: "blob", name, path: `blobs/${digest}`, accept: "*/*", maxBytes: size }, call);
    refuseStatus(access, name, answer);
    refuseMismatch(name, digest, answer.bytes);
    if (answer.bytes.length === size) return answer.bytes;
    throw new RefusedError("Malformed", `${name} is shorter than its descriptor says`);
  }

  async listReferrers(access: Access, subject: Digest, call: Call): Promise<Referrers> {
    const name = `the referrers of ${pinned(access.repository, subject)}`;
    const descriptors: Descriptor[] = [];
    const queries = new Set<string>();
    let query = "";
    // A page that was read before means that the list has no end.
    while (queries.size < MAX_PAGES && !queries.has(query)) {
      queries.add(query);
      const question: Question = { kind: "referrers", name, path: `referrers/${subject}${query}`, accept: OCI_INDEX, maxBytes: maxBytesOf(call) };
      const answer = await this.#ask(access, question, call);
      if (NO_REFERRERS.has(answer.status) && queries.size === 1) return { kind: "unsupported" };
      refuseStatus(access, name, answer);
      for (const descriptor of readable(name, () => decodeReferrers(answer.bytes, contentTypeOf(answer)))) descriptors.push(descriptor);
      const next = nextPage(answer.headers.link, answer.url);
      if (next.kind === "none") return { kind: "listed", descriptors, truncated: false };
      if (next.kind === "elsewhere") break;
      query = next.query;
    }
    return { kind: "listed", descriptors, truncated: true };
  }

  async listAccessories({ repository, credential }: Access, subject: Digest, call: Call): Promise<AccessoryList> {
    const path = accessoriesPath(repository, subject);
    if (path === undefined) return { kind: "unsupported" };
    const name = `the accessories of ${pinned(repository, subject)}`;
    const answer = await withinCall(call, this.#environment.clock, repository.host, (signal) =>
      this.#connections.use(repository.host, (connection) => {
        const url = new URL(path, connection.reach.base);
        return this.#transport.exchange(connection, { kind: "referrers", name, maxBytes: MAX_MANIFEST, url, ...asHarborWantsIt(credential) }, signal);
      }),
    );
    return answer.status === 200 ? readable(name, () => decodeAccessories(answer.bytes, subject)) : { kind: "unsupported" };
  }

  /** Closes every connection as soon as it is no longer used. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #ask(access: Access, question: Question, call: Call): Promise<Answer> {
    const { host, path: repository } = access.repository;
    const { path, accept, ...request } = question;
    return withinCall(call, this.#environment.clock, host, (signal) =>
      this.#connections.use(host, (connection) => {
        const url = new URL(`v2/${repository}/${path}`, connection.reach.base);
        const send = (): Promise<Answer> => this.#authorizer.exchange(connection, access, { ...request, url, headers: { accept } }, signal);
        return connection.retries.run(send, call, signal);
      }),
    );
  }
}

function maxBytesOf({ maxBytes = MAX_MANIFEST }: Call): number {
  return Math.min(MAX_MANIFEST, maxBytes);
}

function nameOf(repository: Repository, target: Target): string {
  return target.kind === "tag" ? `${repositoryName(repository)}:${target.tag}` : pinned(repository, target.digest);
}

function refuseStatus({ repository, credential }: Access, name: string, { status }: Answer): void {
  if (status !== 200) throw statusError({ host: repository.host, name, status, credential });
}

function refuseMismatch(name: string, digest: Digest, bytes: Uint8Array): void {
  if (!matchesDigest(digest, bytes)) throw new RefusedError("DigestMismatch", `the registry sent other bytes for ${name}: their digest is not this one`);
}

// Two headers of that name have no one meaning; joined they are no media type.
function contentTypeOf({ headers }: Answer): string | undefined {
  const value = headers["content-type"];
  return value === undefined ? undefined : mediaTypeOf(String(value));
}

function readable<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ManifestError) throw new RefusedError("Malformed", `${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
