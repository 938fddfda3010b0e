import { createHash } from "node:crypto";
import type { SignedDocument } from "./candidate.ts";

/**
 * Names a document by how it is read and by its bytes: equal for equal parts in equal order of one kind, and for nothing
 * else. The same bytes may be a bundle and a bare envelope at once, each with a payload of its own.
 */
export function contentId(kind: SignedDocument["kind"], parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of [kind, ...parts]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("base64url");
}
