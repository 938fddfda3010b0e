import { type Digest, parseDigest } from "../../image/digest.ts";
import { ManifestError } from "../../image/manifest.ts";
import type { Repository } from "../../image/reference.ts";
import type { Credential } from "../../inspection/credential.ts";
import type { AccessoryList } from "../../inspection/ports.ts";
import { isObject, parseJson, stringField } from "../../json.ts";
import { basic } from "./token-service.ts";
import type { OutgoingRequest } from "./transport.ts";

/** The most that Harbor lists on one page. */
const PAGE = 100;

/**
 * Where Harbor (API 2.0, "listAccessories") lists what is attached to a manifest; undefined for a repository outside any
 * project. The repository's own slashes are escaped twice: nginx, which stands before Harbor, takes away one layer.
 */
export function accessoriesPath({ path }: Repository, subject: Digest): string | undefined {
  const slash = path.indexOf("/");
  if (slash < 0) return undefined;
  const repository = encodeURIComponent(encodeURIComponent(path.slice(slash + 1)));
  return `api/v2.0/projects/${path.slice(0, slash)}/repositories/${repository}/artifacts/${subject}/accessories?page_size=${PAGE}`;
}

/** Harbor's own API takes a password at once, and no token of its registry. */
export function asHarborWantsIt(credential: Credential): Pick<OutgoingRequest, "method" | "headers" | "authorization" | "body"> {
  const authorization = credential.kind === "password" ? basic(credential.username, credential.password) : undefined;
  return { method: "GET", headers: { accept: "application/json" }, authorization, body: undefined };
}

/**
 * The manifests on the list, signatures of cosign before everything else: whoever reads has a limit. What it says of their
 * type is no more than that, since Harbor never looks into one (attestations have the same type, and on 2.14 signatures
 * of cosign 3 have another). Throws ManifestError for anything that is no such list.
 */
export function decodeAccessories(bytes: Uint8Array, subject: Digest): AccessoryList {
  const rows = parsed(bytes);
  if (!Array.isArray(rows)) throw new ManifestError("Malformed", "the list of accessories is no JSON list");
  const listed = rows.filter(isObject).filter((row) => stringField(row, "subject_artifact_digest") === subject);
  const promising = listed.toSorted((a, b) => Number(isCosign(b)) - Number(isCosign(a)));
  return { kind: "listed", digests: promising.flatMap((row) => parseDigest(stringField(row, "digest") ?? "") ?? []) };
}

function isCosign(row: Parameters<typeof stringField>[0]): boolean {
  return stringField(row, "type") === "signature.cosign";
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw new ManifestError("Malformed", "the list of accessories is not JSON", { cause });
  }
}
