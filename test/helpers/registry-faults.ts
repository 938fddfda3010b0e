import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { type Answer, answer, errorAnswer } from "./registry-answer.ts";
import type { RecordedRequest } from "./registry-routes.ts";

/** One request that a fault has caught. */
export interface Exchange {
  readonly request: RecordedRequest;
  readonly response: ServerResponse;
  /** What the registry would have said. */
  readonly usual: Answer;
  /** How many requests this fault has caught, this one included. */
  readonly nth: number;
}

/**
 * What a broken or hostile registry does in place of its usual answer. Any function will do: the ones below are the
 * common cases. Writing to a response that the client has given up is harmless.
 */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

/** The end of a path with its query, an expression over it, or a look at the whole request. */
export type Where = string | RegExp | ((request: RecordedRequest) => boolean);

export function matches(where: Where, request: RecordedRequest): boolean {
  if (typeof where === "string") return request.path.endsWith(where);
  return typeof where === "function" ? where(request) : where.test(request.path);
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": String(body.length) });
  // A HEAD's length is that of the body which it leaves out; node drops the body itself.
  response.end(body);
}

/** Another status, with headers and a body at will. */
export function answerWith(status: number, headers: Readonly<Record<string, string>> = {}, body: string | Uint8Array = ""): Behaviour {
  return ({ response }) => send(response, answer(status, headers, body));
}

export function redirectTo(location: string, status = 307): Behaviour {
  return answerWith(status, { location });
}

/** The first `count` requests meet the behaviour, the later ones the registry. */
export function first(count: number, behaviour: Behaviour): Behaviour {
  return (exchange) => (exchange.nth <= count ? behaviour(exchange) : send(exchange.response, exchange.usual));
}

/** The first `count` requests meet the registry, the later ones the behaviour. */
export function after(count: number, behaviour: Behaviour): Behaviour {
  return (exchange) => (exchange.nth > count ? behaviour(exchange) : send(exchange.response, exchange.usual));
}

/** The usual answer with other headers (an empty value leaves one out). */
export function withHeaders(headers: Readonly<Record<string, string>>): Behaviour {
  return ({ response, usual }) => {
    const kept = Object.entries({ ...usual.headers, ...headers }).filter(([, value]) => value !== "");
    send(response, { ...usual, headers: Object.fromEntries(kept) });
  };
}

/** The usual headers, `Docker-Content-Digest` among them, over other bytes. */
export function withBody(body: string | Uint8Array): Behaviour {
  return ({ response, usual }) => send(response, { ...usual, body: typeof body === "string" ? Buffer.from(body) : body });
}

/** Announces a length that the body does not have: nothing follows the headers but the usual bytes, and the connection stays open. */
export function claimLength(length: number): Behaviour {
  return ({ response, usual }) => {
    response.writeHead(usual.status, { ...usual.headers, "content-length": String(length) });
    response.write(usual.body);
  };
}

/** Sends half of the body that it announced, then resets the connection. */
export function cutOff(): Behaviour {
  return ({ response, usual }) => {
    response.writeHead(usual.status, { ...usual.headers, "content-length": String(usual.body.length) });
    response.write(usual.body.subarray(0, usual.body.length >> 1), () => response.socket?.resetAndDestroy());
  };
}

/** Resets the connection before any answer. */
export function hangUp(): Behaviour {
  return ({ response }) => {
    response.socket?.resetAndDestroy();
  };
}

/** A body without an end, as fast as the client takes it. */
export function endless(chunk: Uint8Array = Buffer.alloc(65_536, 0x20)): Behaviour {
  return ({ response, usual }) => {
    response.writeHead(usual.status, usual.headers);
    const pump = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", pump);
    pump();
  };
}

/** The usual headers, and then a body that comes byte by byte and never ends. */
export function trickle(everyMs = 20): Behaviour {
  return ({ response, usual }) => {
    response.writeHead(usual.status, usual.headers);
    const timer = setInterval(() => response.write(" "), everyMs);
    response.once("close", () => clearInterval(timer));
  };
}

/** A small body that unpacks to this many MiB of zeros. */
export function gzipBomb(mebibytes: number): Behaviour {
  // Gzip members one after another are one valid stream, so the bomb costs its maker nothing.
  const member = gzipSync(Buffer.alloc(1_048_576));
  const body = Buffer.concat(Array.from({ length: mebibytes }, () => member));
  return ({ response, usual }) => send(response, { ...usual, headers: { ...usual.headers, "content-encoding": "gzip" }, body });
}

/** A list of referrers whose every page names a next one. */
export function endlessPages(): Behaviour {
  return ({ request, response, usual, nth }) => {
    const [path = ""] = request.path.split("?");
    send(response, { ...usual, headers: { ...usual.headers, link: `<${path}?n=1&last=${nth}>; rel="next"` } });
  };
}

/** Harbor's pull policy refuses a manifest that it takes for unsigned. */
export function blockedByPolicy(): Behaviour {
  return ({ response }) => send(response, errorAnswer(412, "PROJECTPOLICYVIOLATION", "The image is not signed by cosign."));
}

export interface Hold {
  readonly behaviour: Behaviour;
  /** Resolves when the first request has come in. */
  readonly reached: Promise<void>;
  /** Lets every held request, and all later ones, have the usual answer. */
  release(): void;
}

/** Never answers until the test says so. */
export function hold(): Hold {
  const arrival = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const behaviour: Behaviour = async ({ response, usual }) => {
    arrival.resolve();
    await released.promise;
    send(response, usual);
  };
  return { behaviour, reached: arrival.promise, release: () => released.resolve() };
}
