import type { IncomingHttpHeaders } from "node:http";

/** What a path of the distribution specification asks for. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "manifest" | "blob" | "referrers"; readonly repository: string; readonly target: string }
  | { readonly kind: "token" }
  | { readonly kind: "unknown" };

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly route: Route;
}

const RESOURCE = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/;
const KINDS = { manifests: "manifest", blobs: "blob", referrers: "referrers" } as const;

export function routeOf(path: string, tokenPath: string | undefined): Route {
  const pathname = decodePath(path.split("?")[0] ?? "");
  if (pathname === undefined) return { kind: "unknown" };
  if (pathname === tokenPath) return { kind: "token" };
  if (pathname === "/v2/") return { kind: "ping" };
  const [, repository, resource, target] = RESOURCE.exec(pathname) ?? [];
  if (repository === undefined || resource === undefined || target === undefined) return { kind: "unknown" };
  return { kind: KINDS[resource as keyof typeof KINDS], repository, target };
}

export function queryOf(path: string): URLSearchParams {
  const mark = path.indexOf("?");
  return new URLSearchParams(mark < 0 ? "" : path.slice(mark + 1));
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
