import { parseDigest } from "../../src/image/digest.ts";
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { type Answer, answer, errorAnswer } from "./registry-answer.ts";
import { queryOf, type RecordedRequest } from "./registry-routes.ts";
import type { RegistryStore, StoredManifest } from "./registry-store.ts";

export interface ReadOptions {
  /** Whether there is a referrers API; there is unless this is false. */
  readonly referrers?: boolean;
  /** Descriptors on a page of the referrers API; all on one when absent. */
  readonly referrersPageSize?: number;
}

const API = { "docker-distribution-api-version": "registry/2.0" };

/** What an honest registry says to a request that it lets in. */
export function readAnswer(store: RegistryStore, request: RecordedRequest, options: ReadOptions): Answer {
  const { route } = request;
  if (route.kind === "token" || route.kind === "unknown") return pageNotFound();
  if (route.kind === "referrers" && options.referrers === false) return pageNotFound();
  if (request.method !== "GET" && request.method !== "HEAD") return errorAnswer(405, "UNSUPPORTED", "The operation is unsupported.");
  if (route.kind === "ping") return answer(200, { ...API, "content-type": "application/json" }, "{}");
  if (route.kind === "manifest") return manifestAnswer(store.manifest(route.repository, route.target), request, route.target);
  if (route.kind === "blob") return blobAnswer(store.blob(route.repository, route.target), route.target);
  return referrersAnswer(store, route, { pageSize: options.referrersPageSize, query: queryOf(request.path) });
}

function manifestAnswer(manifest: StoredManifest | undefined, request: RecordedRequest, target: string): Answer {
  if (manifest === undefined) return manifestUnknown("manifest unknown", { Tag: target });
  const name = REFUSED_WITHOUT_ACCEPT.get(manifest.mediaType);
  if (name !== undefined && !accepts(request.headers.accept, manifest.mediaType)) {
    return manifestUnknown(`${name} found, but accept header does not support ${name}s`);
  }
  const headers = { ...API, "docker-content-digest": manifest.digest, etag: `"${manifest.digest}"` };
  if (request.headers["if-none-match"] === headers.etag) return answer(304, headers);
  return answer(200, { ...headers, "content-type": manifest.mediaType }, manifest.bytes);
}

// Docker-registry says 404 where 406 was meant; "*/*" does not help.
const REFUSED_WITHOUT_ACCEPT: ReadonlyMap<string, string> = new Map([
  [OCI_INDEX, "OCI index"],
  [OCI_MANIFEST, "OCI manifest"],
  [DOCKER_LIST, "manifest list"],
]);

function accepts(accept: string | undefined, mediaType: string): boolean {
  return (accept ?? "").split(",").some((part) => part.split(";")[0]?.trim() === mediaType);
}

function manifestUnknown(message: string, detail?: unknown): Answer {
  return errorAnswer(404, "MANIFEST_UNKNOWN", message, { detail, headers: API });
}

function blobAnswer(bytes: Uint8Array | undefined, digest: string): Answer {
  if (bytes === undefined) return errorAnswer(404, "BLOB_UNKNOWN", "blob unknown to registry", { detail: digest, headers: API });
  return answer(200, { ...API, "content-type": "application/octet-stream", "docker-content-digest": digest }, bytes);
}

interface Page {
  readonly pageSize: number | undefined;
  readonly query: URLSearchParams;
}

/** Distribution-spec, "Listing Referrers": an index, empty when there are none, its pages joined by `Link`. */
function referrersAnswer(store: RegistryStore, route: { repository: string; target: string }, page: Page): Answer {
  const subject = parseDigest(route.target);
  if (subject === undefined) return errorAnswer(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  const all = store.referrers(route.repository, subject);
  const start = Number(page.query.get("start") ?? "0");
  const end = page.pageSize === undefined ? all.length : start + page.pageSize;
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: all.slice(start, end) };
  const next = `/v2/${route.repository}/referrers/${subject}?start=${end}`;
  const link = end < all.length ? { link: `<${next}>; rel="next"` } : {};
  return answer(200, { ...API, "content-type": OCI_INDEX, ...link }, JSON.stringify(index));
}

function pageNotFound(): Answer {
  return answer(404, { "content-type": "text/plain; charset=utf-8" }, "404 page not found\n");
}
