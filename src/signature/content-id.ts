import { createHash } from "node:crypto";

/** Names content by its bytes: equal for equal parts in equal order, and for nothing else. */
export function contentId(parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("base64url");
}
