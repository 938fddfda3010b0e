/** A Kubernetes object as far as the double looks into it. */
export interface Stored {
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A request that changes an object. */
interface Write {
  readonly method: string;
  readonly path: string;
  readonly body: Stored | undefined;
}

/** What a write is about. */
export interface Change {
  readonly collection: string;
  readonly name: string;
  readonly object: Stored;
}

/** POST to a collection, PUT to an object, PATCH to an object or its `status`. */
export function changed({ method, path, body }: Write): Change {
  if (body === undefined) throw new Error(`${method} ${path} has no body`);
  if (method === "POST") return { collection: path, name: body.metadata.name, object: body };
  const [, collection = "", name = ""] = /^(.*)\/([^/]+)$/.exec(path.replace(/\/status$/, "")) ?? [];
  return { collection, name, object: body };
}

/** A merge patch (RFC 7386), as far as our patches go: their fields take the place of the object's. */
export function merged(before: Stored | undefined, patch: Partial<Stored>): Stored {
  if (before === undefined) throw new Error("there is nothing to be patched");
  return { ...before, ...patch, metadata: { ...before.metadata, ...patch.metadata } };
}

/** A merge patch through the `status` subresource changes the status, and nothing else. */
export function mergedStatus(before: Stored | undefined, patch: Stored): Stored {
  if (before === undefined) throw new Error("there is nothing to be patched");
  return { ...before, status: { ...(before["status"] as object | undefined), ...(patch["status"] as object | undefined) } };
}
