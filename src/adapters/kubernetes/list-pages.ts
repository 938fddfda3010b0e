import type { Call } from "../../inspection/ports.ts";
import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";
import type { ApiReader, ApiRequest } from "./cluster-client.ts";
import { ClusterError } from "./cluster-error.ts";

export interface Page {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
  /** Whether there are items after these. */
  readonly more: boolean;
}

/** Small enough that reading one page holds nothing else up. */
const PAGE_SIZE = 100;

/**
 * A list, page by page. Without a resource version the API server answers with the latest state. Throws ClusterError;
 * Expired when a page took so long to be asked for that the API server has forgotten the list.
 */
export async function* listPages(client: ApiReader, question: ApiRequest, call: Call): AsyncGenerator<Page> {
  const query = { ...question.query, limit: String(PAGE_SIZE) };
  let next = "";
  do {
    const list = await client.get({ path: question.path, query: next === "" ? query : { ...query, continue: next } }, call);
    const metadata = objectField(list, "metadata") ?? {};
    next = stringField(metadata, "continue") ?? "";
    yield { items: itemsOf(list), resourceVersion: versionOf(metadata), more: next !== "" };
  } while (next !== "");
}

/** Throws ClusterError (Malformed). */
export function versionOf(metadata: JsonObject): string {
  const version = stringField(metadata, "resourceVersion");
  if (!version) throw new ClusterError("Malformed", "the API server's answer has no resource version");
  return version;
}

function itemsOf(list: JsonObject): readonly JsonObject[] {
  // The API server writes null where a list is empty.
  const items = list["items"] === null ? [] : arrayField(list, "items");
  if (items === undefined || !items.every(isObject)) throw new ClusterError("Malformed", "the API server's answer is not a list");
  return items;
}
