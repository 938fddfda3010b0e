import { type ClusterReader, type Listing, type ObjectName, type ReadFault, type Resource, UnreadableError } from "../../doctor/ports.ts";
import type { TrialAnswer } from "../../doctor/reply.ts";
import type { Call } from "../../inspection/ports.ts";
import { type JsonObject, stringField } from "../../json.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { type Attempt, ClusterError, type ClusterFault, failureText } from "./cluster-error.ts";
import { listPages } from "./list-pages.ts";
import { isObjectName } from "./object-name.ts";

/** Reads objects for a look at an installation; nothing is watched or kept. */
export class ApiReader implements ClusterReader {
  readonly #client: Pick<ClusterClient, "get" | "attempt">;

  constructor(client: Pick<ClusterClient, "get" | "attempt">) {
    this.#client = client;
  }

  version(call: Call): Promise<string> {
    return told({ failure: "the API server's version could not be read", verb: "get", resource: "/version" }, async () => stringField(await this.#client.get({ path: ["version"] }, call), "gitVersion") ?? "unknown");
  }

  list(listing: Listing, call: Call): Promise<readonly JsonObject[] | undefined> {
    const { namespace, labelSelector } = listing;
    const place = namespace === undefined ? "the cluster" : `namespace ${namespace}`;
    const attempt = { failure: `the ${listing.resource} of ${place} could not be listed`, verb: "list", resource: granted(listing) };
    return told(attempt, async () => {
      const objects: JsonObject[] = [];
      const question = { path: pathOf(listing, namespace), ...(labelSelector !== undefined && { query: { labelSelector } }) };
      try {
        for await (const { items } of listPages(this.#client, question, call)) objects.push(...items);
      } catch (thrown) {
        if (thrown instanceof ClusterError && thrown.code === "NotServed") return undefined;
        throw thrown;
      }
      return objects;
    });
  }

  get(object: ObjectName, call: Call): Promise<JsonObject | undefined> {
    const { namespace, name, resource } = object;
    return told({ failure: `${resource} ${namespace}/${name} could not be read`, verb: "get", resource: `${granted(object)} in namespace ${namespace}` }, async () => {
      if (!isObjectName(name) || !isObjectName(namespace)) return undefined;
      try {
        return await this.#client.get({ path: [...pathOf(object, namespace), name] }, call);
      } catch (thrown) {
        if (thrown instanceof ClusterError && thrown.code === "NotFound") return undefined;
        throw thrown;
      }
    });
  }

  tryCreate(path: readonly string[], object: JsonObject, call: Call): Promise<TrialAnswer> {
    return told({ failure: "the API server could not be asked for a dry run", verb: "create", resource: path.at(-1) ?? "" }, async () => {
      const { code, body } = await this.#client.attempt({ method: "POST", path, query: { dryRun: "All" }, body: object }, call);
      return { code, message: stringField(body, "message") ?? "" };
    });
  }
}

function pathOf({ group, version, resource }: Resource, namespace: string | undefined): readonly string[] {
  const root = group === "" ? ["api", version] : ["apis", group, version];
  return [...root, ...(namespace === undefined ? [] : ["namespaces", namespace]), resource];
}

function granted({ group, resource }: Resource): string {
  return group === "" ? resource : `${resource}.${group}`;
}

const FAULTS: Readonly<Partial<Record<ClusterFault, ReadFault>>> = { Forbidden: "Forbidden", Unauthorized: "Unreachable", Unavailable: "Unreachable", DeadlineExceeded: "Unreachable", Misconfigured: "Unreachable" };

async function told<Value>(attempt: Attempt, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (thrown) {
    if (!(thrown instanceof ClusterError)) throw thrown;
    throw new UnreadableError(FAULTS[thrown.code] ?? "Unreadable", failureText(attempt, thrown), { cause: thrown });
  }
}
