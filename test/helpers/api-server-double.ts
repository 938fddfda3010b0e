import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Authority, createAuthority, type KeyPair } from "./certificates.ts";
import { changed, merged, mergedStatus, type Stored } from "./api-server-writes.ts";
import { Queue } from "./queue.ts";

export type { Stored } from "./api-server-writes.ts";

/** What was asked for, as the double saw it. */
export interface Asked {
  readonly kind: "get" | "list" | "watch" | "write";
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** Common name of the client's certificate. */
  readonly certificate: string | undefined;
  readonly contentType: string | undefined;
  /** The body of a write. */
  readonly body: Stored | undefined;
}

/** A watch that is open, and how to end it well or badly. */
export interface OpenWatch extends Asked {
  /** Writes exactly this. */
  raw(text: string): void;
  event(type: string, object: unknown): void;
  bookmark(): void;
  /** As the API server ends a watch whose seconds are over. */
  end(): void;
  /** The connection breaks. */
  drop(): void;
}

/** Something else than the truth: an answer, a silence, or a broken connection. */
export type Fault =
  | { readonly status: number; readonly body: unknown }
  /** The headers of a 200 and the first byte of a body, and then nothing. */
  | "stall"
  | "hang"
  | "drop";

interface Change {
  readonly version: number;
  readonly collection: string;
  readonly line: string;
}

/**
 * GETs, lists (limit and continue), watches (bookmarks, expired versions) and writes (POST, PUT, merge patches of a status,
 * each against the resource version that it names; DELETE) over real HTTPS, with faults.
 */
export class ApiServerDouble {
  readonly requests: Asked[] = [];
  readonly lists = new Queue<Asked>();
  readonly gets = new Queue<Asked>();
  readonly watches = new Queue<OpenWatch>();
  /** Writes that have been answered. */
  readonly writes = new Queue<Asked>();
  /** Connections accepted so far. */
  connections = 0;
  /** Asked about each request first; undefined for the truth. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;
  /** Whether the events of `put` and `remove` reach the watches that are open. */
  quiet = false;
  readonly authority: Authority;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Duplex>();
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #open = new Map<ServerResponse, string>();
  #history: Change[] = [];
  #version = 100;
  #oldest = 0;

  private constructor(authority: Authority, pair: KeyPair) {
    this.authority = authority;
    const options = { ...pair, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(options, (request, response) => void this.#handle(request, response));
    this.#server.on("secureConnection", () => {
      this.connections += 1;
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<ApiServerDouble> {
    const authority = await createAuthority("api server");
    const double = new ApiServerDouble(authority, await authority.issue({ ips: ["127.0.0.1"] }));
    await new Promise<void>((resolve) => double.#server.listen(0, "127.0.0.1", resolve));
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** A kubeconfig that leads here; `user` and `cluster` are added to what is needed for that. */
  kubeconfig(user: object = { token: "t0" }, cluster: object = { "certificate-authority-data": base64(this.authority.cert) }): string {
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "double",
      contexts: [{ name: "double", context: { cluster: "double", user: "double" } }],
      clusters: [{ name: "double", cluster: { server: this.url, ...cluster } }],
      users: [{ name: "double", user }],
    });
  }

  /** A collection that is there, with nothing in it. */
  serve(collection: string): void {
    this.#items(collection);
  }

  /** `/api/v1/.../name` as it is now. */
  object(collection: string, name: string): Stored | undefined {
    return this.#items(collection).get(name);
  }

  /** Creates or replaces `/api/v1/.../name`. */
  put(collection: string, object: Stored): void {
    const items = this.#items(collection);
    const type = items.has(object.metadata.name) ? "MODIFIED" : "ADDED";
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    items.set(object.metadata.name, stored);
    this.#publish(collection, type, stored);
  }

  remove(collection: string, name: string): void {
    const object = this.#items(collection).get(name);
    if (object === undefined) throw new Error(`the double has no ${collection}/${name}`);
    this.#items(collection).delete(name);
    this.#version += 1;
    this.#publish(collection, "DELETED", { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
  }

  /** Forgets all history: a watch from before is expired. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  #items(collection: string): Map<string, Stored> {
    const items = this.#collections.get(collection) ?? new Map<string, Stored>();
    this.#collections.set(collection, items);
    return items;
  }

  #publish(collection: string, type: string, object: Stored): void {
    const change = { version: this.#version, collection, line: `${JSON.stringify({ type, object })}\n` };
    this.#history.push(change);
    if (this.quiet) return;
    for (const [response, watched] of this.#open) if (isWithin(watched, collection)) response.write(change.line);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const method = request.method ?? "GET";
    const asked: Asked = {
      kind: method !== "GET" ? "write" : searchParams.has("watch") ? "watch" : this.#isCollection(pathname) ? "list" : "get",
      method,
      path: pathname,
      query: searchParams,
      authorization: request.headers.authorization,
      certificate: commonName(request.socket as TLSSocket),
      contentType: request.headers["content-type"],
      body: method === "GET" || method === "DELETE" ? undefined : ((await json(request)) as Stored),
    };
    this.requests.push(asked);
    const fault = this.fault(asked);
    if (fault !== undefined) this.#misbehave(fault, response);
    else if (asked.kind === "watch") this.#watch(asked, response);
    else if (asked.kind === "list") answer(response, 200, this.#list(asked));
    else if (asked.kind === "write") this.#write(asked, response);
    else this.#get(asked, response);
    if (asked.kind !== "watch") this[`${asked.kind}s`].push(asked);
  }

  #misbehave(fault: Fault, response: ServerResponse): void {
    if (fault === "drop") response.socket?.destroy();
    else if (fault === "stall") response.writeHead(200, { "content-type": "application/json" }).write("{");
    else if (fault !== "hang") answer(response, fault.status, fault.body);
  }

  #get({ path }: Asked, response: ServerResponse): void {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const object = this.#collections.get(path.slice(0, slash))?.get(name);
    if (object === undefined) answer(response, 404, notFound(name));
    else answer(response, 200, object);
  }

  #write(asked: Asked, response: ServerResponse): void {
    if (asked.method === "DELETE") return this.#delete(asked, response);
    const change = changed(asked);
    const before = this.#collections.get(change.collection)?.get(change.name);
    // A patch need not name anything but what it changes.
    const version = (change.object.metadata as Stored["metadata"] | undefined)?.["resourceVersion"];
    if (before === undefined && asked.method !== "POST") return answer(response, 404, notFound(change.name));
    if (before !== undefined && asked.method === "POST") return answer(response, 409, conflict("AlreadyExists"));
    if (version !== undefined && version !== before?.metadata["resourceVersion"]) return answer(response, 409, conflict("Conflict"));
    const patched = asked.path.endsWith("/status") ? mergedStatus : merged;
    this.put(change.collection, asked.method === "PATCH" ? patched(before, change.object) : change.object);
    answer(response, asked.method === "POST" ? 201 : 200, this.object(change.collection, change.name));
  }

  #delete({ path }: Asked, response: ServerResponse): void {
    const slash = path.lastIndexOf("/");
    const [collection, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (this.object(collection, name) === undefined) return answer(response, 404, notFound(name));
    this.remove(collection, name);
    answer(response, 200, { kind: "Status", apiVersion: "v1", status: "Success" });
  }

  #isCollection(path: string): boolean {
    return this.#collections.has(path) || this.#collections.has(acrossNamespaces(path));
  }

  #list({ path, query }: Asked): unknown {
    const items = [...this.#collections].filter(([collection]) => isWithin(path, collection)).flatMap(([, objects]) => Array.from(objects.values()));
    const from = Number(query.get("continue") ?? 0);
    const to = from + Number(query.get("limit") ?? items.length);
    const metadata = { resourceVersion: String(this.#version), ...(to < items.length ? { continue: String(to) } : {}) };
    return { kind: "List", apiVersion: "v1", metadata, items: from === to ? null : items.slice(from, to) };
  }

  #watch(asked: Asked, response: ServerResponse): void {
    const from = Number(asked.query.get("resourceVersion"));
    if (from < this.#oldest) return answer(response, 410, expired());
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const { collection, version, line } of this.#history) if (isWithin(asked.path, collection) && version > from) response.write(line);
    this.#open.set(response, asked.path);
    response.once("close", () => this.#open.delete(response));
    this.watches.push({
      ...asked,
      raw: (text) => void response.write(text),
      event: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
      bookmark: () => void response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#version) } } })}\n`),
      end: () => void response.end(),
      drop: () => void response.socket?.destroy(),
    });
  }
}

/** What the API server answers for an object that does not exist. */
export function notFound(name: string): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", details: { name, kind: "things" }, code: 404 };
}

function conflict(reason: string): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", reason, code: 409 };
}

export function expired(): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 };
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function isWithin(path: string, collection: string): boolean {
  return collection === path || acrossNamespaces(collection) === path;
}

/** `/apis/.../things` for `/apis/.../namespaces/shop/things`. */
function acrossNamespaces(collection: string): string {
  return collection.replace(/\/namespaces\/[^/]+(\/[^/]+)$/, "$1");
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function commonName(socket: TLSSocket): string | undefined {
  return socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined;
}
