import type { Dispatcher } from "undici";
import type { CodedError } from "../../errors.ts";
import { RefusedError, UndeterminedError } from "../../verdict/failure.ts";
import type { Answer } from "./answer.ts";
import { type BodyLimit, discardBody, readBody } from "./body.ts";
import type { RegistryConnection } from "./connection.ts";
import { ForbiddenAddressError } from "./dispatcher.ts";
import { networkError } from "./failure.ts";
import type { Reach } from "./reach.ts";
import type { RegistryEnvironment, RequestKind } from "./settings.ts";

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface OutgoingRequest extends BodyLimit {
  readonly kind: RequestKind;
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly body: string | undefined;
}

/** Where a request is on its way, after so many redirects. */
interface Hop {
  readonly url: URL;
  readonly from: URL;
  readonly authorization: string | undefined;
  readonly redirects: number;
}

/** Sends requests and reads bounded answers: redirects followed by hand, addresses checked, failures turned into ours. */
export class Transport {
  readonly #environment: Pick<RegistryEnvironment, "clock" | "observer">;

  constructor(environment: Pick<RegistryEnvironment, "clock" | "observer">) {
    this.#environment = environment;
  }

  /**
   * One request with its redirects and its body, in one slot of its registry. Whatever the status, it is an answer;
   * without one, throws RefusedError (RegistryForbidden, TooLarge, Malformed) or UndeterminedError (RegistryUnavailable,
   * also without a request while the registry is known not to answer).
   */
  async exchange(connection: RegistryConnection, request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const { breaker, slots } = connection;
    // What a token service does says nothing of its registry.
    if (request.kind === "token") return slots.run(signal, () => this.#observed(connection, request, signal));
    await breaker.enter(signal);
    return slots.run(signal, () => {
      breaker.refuseOpen();
      return breaker.watch(() => this.#observed(connection, request, signal), signal);
    });
  }

  async #observed(connection: RegistryConnection, request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const { clock, observer } = this.#environment;
    const { host } = connection;
    const started = clock.now();
    let status: number | "error" = "error";
    observer.inFlight(host, 1);
    try {
      const answer = await travel(connection, request, signal);
      status = answer.status;
      return answer;
    } finally {
      observer.inFlight(host, -1);
      observer.request(request.kind, host, status, (clock.now() - started) / 1000);
    }
  }
}

async function travel(connection: RegistryConnection, request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
  const { url, authorization } = request;
  const asked = request.kind === "token" ? `the token service of ${connection.host}` : connection.host;
  let hop: Hop = { url, from: connection.reach.base, authorization, redirects: 0 };
  for (;;) {
    try {
      const response = await send(connection, request, hop, signal);
      if (!REDIRECTS.has(response.statusCode) || request.method !== "GET") return await answerOf(response, request, signal);
      await discardBody(response, signal);
      hop = nextHop(connection.reach, hop, response.headers.location);
    } catch (error) {
      const where = hop.redirects === 0 ? asked : `where ${asked} redirects to`;
      throw asFailure(error, { reach: connection.reach, where, url: hop.url });
    }
  }
}

function send(connection: RegistryConnection, request: OutgoingRequest, hop: Hop, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { url, authorization } = hop;
  const { method, body } = request;
  const headers: Record<string, string> = { "user-agent": "pratique", "accept-encoding": "identity", ...request.headers };
  if (authorization !== undefined) headers["authorization"] = authorization;
  const path = `${url.pathname}${url.search}`;
  return connection.dispatcher(url, hop.from).request({ origin: url.origin, path, method, headers, body: body ?? null, signal });
}

async function answerOf(response: Dispatcher.ResponseData, request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
  const { url } = request;
  const { statusCode: status, headers } = response;
  if (status === 200) return { url, status, headers, bytes: await readBody(response, request) };
  await discardBody(response, signal);
  return { url, status, headers, bytes: new Uint8Array() };
}

// Credentials stay behind at the first step to another host or port, and do not come back with a later one.
function nextHop({ host, settings }: Reach, hop: Hop, location: string | readonly string[] | undefined): Hop {
  if (hop.redirects === MAX_REDIRECTS) {
    throw new UndeterminedError("UnexpectedAnswer", `${host} redirected more than ${MAX_REDIRECTS} times`);
  }
  const url = typeof location === "string" ? URL.parse(location, hop.url.href) : null;
  if (url === null) throw new UndeterminedError("UnexpectedAnswer", `${host} redirected to no usable place`);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && settings.plainHTTP)) {
    throw new RefusedError("RegistryForbidden", `${host} redirected to a place without TLS`);
  }
  const authorization = url.origin === hop.url.origin ? hop.authorization : undefined;
  return { url, from: hop.url, authorization, redirects: hop.redirects + 1 };
}

interface Place {
  readonly reach: Reach;
  readonly where: string;
  readonly url: URL;
}

function asFailure(error: unknown, { reach, where, url }: Place): CodedError<string> {
  if (error instanceof RefusedError || error instanceof UndeterminedError) return error;
  if (error instanceof ForbiddenAddressError) return reach.forbidden(url, error.address, error.addressClass);
  return networkError(where, error);
}
