import type { JsonObject } from "../json.ts";

/**
 * Tells whether an object has a key that is one of these names but for the case of its letters. Go, and so every container
 * runtime, reads such a key as the field itself, and the last one counts: an index with `manifests` for us and `Manifests`
 * for the node would run what nobody has judged.
 */
export function lookalikesOf(names: readonly string[]): (object: JsonObject) => boolean {
  const exact = new Set(names);
  const folded = new Set(names.map(fold));
  return (object) => Object.keys(object).some((key) => !exact.has(key) && folded.has(fold(key)));
}

// Both ways, since the long s and the Kelvin sign have an upper or a lower case in ASCII, as Go folds them.
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}
