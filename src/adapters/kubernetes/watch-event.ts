import { type JsonObject, objectField, stringField } from "../../json.ts";
import { parseObject } from "./cluster-client.ts";
import { ClusterError } from "./cluster-error.ts";
import { versionOf } from "./list-pages.ts";

/** One line of a watch. `version` is where the next watch goes on. */
export type WatchEvent =
  | { readonly kind: "changed" | "deleted"; readonly object: JsonObject; readonly version: string }
  | { readonly kind: "bookmark"; readonly version: string };

/**
 * Throws ClusterError: Expired or Unavailable for an ERROR event, Malformed for whatever is no event at all. A line that
 * cannot be read may be the one that matters, so it is never passed over.
 */
export function parseWatchEvent(line: Uint8Array): WatchEvent {
  const event = parseObject(line);
  const type = stringField(event, "type") ?? "";
  const object = objectField(event, "object");
  if (object === undefined) throw new ClusterError("Malformed", "the API server's watch has a line that is no event");
  if (type === "ERROR") throw errorOf(object);
  const version = versionOf(objectField(object, "metadata") ?? {});
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "changed", object, version };
    case "DELETED":
      return { kind: "deleted", object, version };
    case "BOOKMARK":
      return { kind: "bookmark", version };
    default:
      throw new ClusterError("Malformed", "the API server's watch has an event of an unknown type");
  }
}

function errorOf(status: JsonObject): ClusterError {
  const code = status["code"];
  if (code === 410) return new ClusterError("Expired", "the watch's resource version is gone (410)");
  return new ClusterError("Unavailable", `the API server ended the watch with an error${typeof code === "number" ? ` (${code})` : ""}`);
}
