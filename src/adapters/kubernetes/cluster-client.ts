import { type Dispatcher, request } from "undici";
import type { Call } from "../../inspection/ports.ts";
import { isObject, type JsonObject, objectField, parseJson, stringField } from "../../json.ts";
import { ClusterError } from "./cluster-error.ts";
import { Connection } from "./connection.ts";
import { type ClusterSource, loadKubeConfig } from "./kubeconfig.ts";
import { expireWithAnswer, Limit } from "./limit.ts";
import { eachLine } from "./lines.ts";
import { ONCE, type Repeats, repeated } from "./repeats.ts";
import type { Timer } from "./timer.ts";

/** A GET below the API server's address. */
export interface ApiRequest {
  /** Not yet escaped. Whoever puts foreign names here has parsed them (object-name.ts). */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
}

/** One object that is created (POST to its collection), replaced, or patched with a JSON merge patch (RFC 7386). */
export interface ApiChange extends ApiRequest {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly body: JsonObject;
}

/** One object that is deleted. */
interface ApiDeletion extends ApiRequest {
  readonly method: "DELETE";
}

type ApiExchange = ApiRequest | ApiChange | ApiDeletion;

/** What the API server said, whether it accepted or not. */
export interface ApiAnswer {
  /** HTTP status. */
  readonly code: number;
  readonly body: JsonObject;
}

/** Reads one object or one page of a list. */
export type ApiReader = Pick<ClusterClient, "get">;

/** Reads and writes one object. */
export type ApiWriter = Pick<ClusterClient, "get" | "send">;

/** Deletes objects. */
export type ApiRemover = Pick<ClusterClient, "delete">;

/** What a watch brings. A listener that throws ends the watch with what it threw. */
export interface WatchListener {
  /** The API server accepted the watch. */
  opened(): void;
  line(bytes: Uint8Array): void;
}

/** A page of 100 objects of the largest size is smaller. */
const MAX_BODY = 32 * 1024 * 1024;
/** etcd takes no object beyond 1.5 MiB. */
const MAX_LINE = 4 * 1024 * 1024;
const MAX_STATUS = 64 * 1024;
/** Longer than any webhook may take (30 s): who asks whether one answers wants to hear that it did not. */
const ATTEMPT_LIMIT = 40_000;

/**
 * The API server. client-node's generated API can neither bound an answer in bytes nor say whether a 404 is the API
 * server's own, and its watch drops lines that it cannot parse; the few requests that we need go over undici, with
 * client-node's KubeConfig for the credentials. Every method throws ClusterError and nothing else.
 */
export class ClusterClient {
  readonly #connection: Connection;
  readonly #timer: Timer;
  readonly #repeats: Repeats;

  /** `repeats`: of what is read or deleted; what is written is sent once. */
  constructor(source: ClusterSource, timer: Timer, repeats: Repeats = ONCE) {
    this.#connection = new Connection(() => loadKubeConfig(source));
    this.#timer = timer;
    this.#repeats = repeats;
  }

  /** One object or one page of a list. NotFound only when the API server itself says so. */
  get(question: ApiRequest, call: Call): Promise<JsonObject> {
    return repeated(() => this.#ask(question, call), call, this.#timer, this.#repeats);
  }

  /** Writes one object and returns it as it is then. Conflict when it is no longer, or already, there as the change supposes. */
  send(change: ApiChange, call: Call): Promise<JsonObject> {
    return this.#ask(change, call);
  }

  /** Deletes one object. NotFound when the API server itself says that there is none. */
  async delete(question: ApiRequest, call: Call): Promise<void> {
    await repeated(() => this.#ask({ ...question, method: "DELETE" }, call), call, this.#timer, this.#repeats);
  }

  /** Sends a change and returns whatever comes of it, with the API server's own words: for whoever asks about the answer itself. */
  async attempt(change: ApiChange, call: Call): Promise<ApiAnswer> {
    const limit = new Limit(call.signal, this.#timer);
    try {
      limit.expireAt(Math.min(call.deadline, this.#timer.now() + ATTEMPT_LIMIT), new ClusterError("Unavailable", `the API server did not answer within ${ATTEMPT_LIMIT / 1000} s`));
      const response = await this.#accepted(change, limit);
      return { code: response.statusCode, body: await limit.race(readObject(response.body, MAX_BODY)) };
    } catch (thrown) {
      throw faultOf(thrown);
    } finally {
      limit.release();
    }
  }

  /** Returns when the API server ends the watch, and throws for every other end: broken, frozen beyond the call's deadline, unreadable. */
  async watch(question: ApiRequest, call: Call, listener: WatchListener): Promise<void> {
    const limit = new Limit(call.signal, this.#timer);
    try {
      expireWithAnswer(limit, call, this.#timer);
      const response = await this.#open(question, limit);
      listener.opened();
      limit.expireAt(call.deadline, new ClusterError("Unavailable", "the API server did not end the watch in time"));
      await eachLine(response.body as AsyncIterable<Uint8Array>, MAX_LINE, (bytes) => listener.line(bytes));
    } catch (thrown) {
      throw faultOf(thrown);
    } finally {
      limit.release();
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #ask(question: ApiExchange, call: Call): Promise<JsonObject> {
    const limit = new Limit(call.signal, this.#timer);
    try {
      expireWithAnswer(limit, call, this.#timer);
      const response = await this.#open(question, limit);
      return await limit.race(readObject(response.body, MAX_BODY));
    } catch (thrown) {
      throw faultOf(thrown);
    } finally {
      limit.release();
    }
  }

  async #open(question: ApiExchange, limit: Limit): Promise<Dispatcher.ResponseData> {
    const response = await this.#accepted(question, limit);
    if (response.statusCode === 200 || response.statusCode === 201) return response;
    throw await limit.race(refusal(response, question));
  }

  // A token can be revoked or rotated before client-node looks at its file again, so a 401 is asked once more.
  async #accepted(question: ApiExchange, limit: Limit): Promise<Dispatcher.ResponseData> {
    const response = await this.#send(question, limit);
    if (response.statusCode !== 401) return response;
    await limit.race(response.body.dump());
    this.#connection.forget();
    return this.#send(question, limit);
  }

  async #send(question: ApiExchange, limit: Limit): Promise<Dispatcher.ResponseData> {
    const { server, headers, dispatcher } = await limit.race(this.#connection.access());
    const { method, body, type } = payloadOf(question);
    return request(urlOf(server, question), { method, body, headers: { ...headers, ...type }, dispatcher, signal: limit.signal });
  }
}

function payloadOf(question: ApiExchange) {
  if (!("method" in question)) return { method: "GET", body: null, type: {} } as const;
  if (question.method === "DELETE") return { method: "DELETE", body: null, type: {} } as const;
  const type = { "content-type": question.method === "PATCH" ? "application/merge-patch+json" : "application/json" };
  return { method: question.method, body: JSON.stringify(question.body), type };
}

function urlOf(server: string, { path, query = {} }: ApiRequest): string {
  const parameters = new URLSearchParams(query).toString();
  return `${server}/${path.map(encodeURIComponent).join("/")}${parameters === "" ? "" : `?${parameters}`}`;
}

async function refusal(response: Dispatcher.ResponseData, { path }: ApiRequest): Promise<ClusterError> {
  const code = response.statusCode;
  const status = await readObject(response.body, MAX_STATUS).catch(() => undefined);
  if (code === 404 && status !== undefined && namesAbsentObject(status)) return new ClusterError("NotFound", "the API server has no such object (404)");
  // The core's own resources are always served: there, such a 404 is a proxy's.
  if (code === 404 && path[0] === "apis") return new ClusterError("NotServed", "the API server serves no such resource (404)");
  if (code === 401) return new ClusterError("Unauthorized", "the API server does not accept Pratique's own credentials (401)");
  if (code === 403) return new ClusterError("Forbidden", "the API server does not allow it (403)");
  if (code === 409) return new ClusterError("Conflict", "the object has changed meanwhile, or is there already (409)");
  if (code === 410) return new ClusterError("Expired", "the API server no longer has this resource version (410)");
  return new ClusterError("Unavailable", `the API server answered ${code}`);
}

// A 404 of a proxy, or of a path that is not served, says nothing about the object.
function namesAbsentObject(status: JsonObject): boolean {
  const details = objectField(status, "details");
  return stringField(status, "kind") === "Status" && stringField(status, "reason") === "NotFound" && details !== undefined && !!stringField(details, "name");
}

async function readObject(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<JsonObject> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new ClusterError("TooLarge", `the API server's answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return parseObject(Buffer.concat(chunks));
}

/** One JSON object of the API server's. Throws ClusterError (Malformed). */
export function parseObject(bytes: Uint8Array): JsonObject {
  try {
    const value = parseJson(bytes);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new ClusterError("Malformed", "the API server's answer is not JSON", { cause });
  }
  throw new ClusterError("Malformed", "the API server's answer is not a JSON object");
}

// What a limit ended fails with the limit's own ClusterError.
function faultOf(thrown: unknown): ClusterError {
  if (thrown instanceof ClusterError) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? ` (${String(thrown.code)})` : "";
  return new ClusterError("Unavailable", `the connection to the API server failed${code}`, { cause: thrown });
}
