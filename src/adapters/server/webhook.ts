import type { IncomingMessage } from "node:http";
import type { Server, ServerOptions } from "node:https";
import { TLSSocket } from "node:tls";

import { fastify, type FastifyReply, type FastifyRequest } from "fastify";

import { ENTRY_PATHS, type EntryPath } from "../../admission/entry.ts";
import type { AdmissionAnswer } from "../../admission/response.ts";
import type { Clock } from "../../inspection/ports.ts";
import { answerFaults, answerUnreadable, send } from "./faults.ts";
import { parseDuration } from "./duration.ts";
import { Intake } from "./intake.ts";
import type { Reviewer, ServerObserver, Webhook } from "./ports.ts";
import type { Readiness } from "./readiness.ts";
import { refusal } from "./status.ts";

/** What a client may take its time for, in milliseconds. */
export interface Patience {
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
}

export interface WebhookParts {
  readonly tls: ServerOptions;
  readonly requireClientCertificate: "required" | "not-asked";
  readonly reviewer: Reviewer;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly observer: ServerObserver;
  readonly patience: Patience;
}

type Parts = WebhookParts;

/** An object and its old one, each as large as etcd takes it, with room to spare. */
const MAX_BODY = 8 * 1024 * 1024;
/** Seconds after which a caller that was turned away may come again. */
const RETRY_AFTER = "1";
/** The API server's client gives up an idle connection after 90 s; whoever closes second never races a request. */
const KEEP_ALIVE_MS = 120_000;

/** The webhook's routes over TLS, wired and not yet listening. */
export function buildWebhook(parts: WebhookParts): Webhook {
  const { patience } = parts;
  const app = fastify<Server>({
    https: {
      ...parts.tls,
      handshakeTimeout: patience.handshakeMs,
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: Math.ceil(patience.headersMs / 2),
    },
    bodyLimit: MAX_BODY,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: patience.requestMs,
    // A request that still comes while the listener closes is judged: a 503 would refuse somebody's Pod.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerUnreadable(parts.observer),
    frameworkErrors(_error, _request, reply) {
      send(reply, refusal(400, "the URL cannot be read"));
    },
  });
  answerFaults(app, parts.observer);
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (parts.readiness.state === "draining") reply.header("connection", "close");
    done(null, payload);
  });
  app.server.on("tlsClientError", (error) => parts.observer.handshakeFailed(error));
  boundBodies(app, parts.observer);
  addProbes(app, parts.readiness);
  addReviews(app, parts);
  return app;
}

// On every path: a body is read before anybody says that there is nothing where it was sent.
function boundBodies(app: Webhook, observer: ServerObserver): void {
  const intake = new Intake(MAX_BODY);
  app.addHook("onRequest", (request, reply, done) => {
    if (intake.admits(request.raw, reply.raw)) return done();
    const refused = refusal(429, "more is being asked than can be read; try again");
    observer.refused({ status: refused.status, cause: undefined });
    send(reply.header("retry-after", RETRY_AFTER), refused);
  });
}

function addProbes(app: Webhook, readiness: Readiness): void {
  app.get("/livez", (_request, reply) => reply.type("text/plain; charset=utf-8").send("ok\n"));
  app.get("/readyz", (_request, reply) => {
    const { state } = readiness;
    return reply.code(state === "ready" ? 200 : 503).type("text/plain; charset=utf-8").send(state === "ready" ? "ok\n" : `${state}\n`);
  });
}

function addReviews(app: Webhook, parts: Parts): void {
  const received = new WeakMap<IncomingMessage, number>();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    received.set(request.raw, parts.clock.now());
    const refused = refuseEarly(request, parts);
    if (refused === undefined) return done();
    parts.observer.refused({ status: refused.status, cause: undefined });
    send(reply, refused);
  };
  for (const [url, entry] of ENTRY_PATHS) {
    app.post(url, { onRequest }, async (request, reply) => {
      return send(reply, await review(request, reply, { entry, parts, receivedAt: received.get(request.raw) ?? parts.clock.now() }));
    });
    app.route({ method: ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"], url, handler: refuseMethod });
  }
}

function refuseMethod(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(reply.header("allow", "POST"), refusal(405, "admission reviews are sent by POST"));
}

/** What can be refused before a byte of the body is read. */
function refuseEarly(request: FastifyRequest, parts: Parts): AdmissionAnswer | undefined {
  const { socket, headers } = request.raw;
  const isAuthorized = socket instanceof TLSSocket && socket.authorized;
  if (parts.requireClientCertificate === "required" && !isAuthorized) {
    return refusal(403, "this path asks for a client certificate of the authority in tls.clientCAFile");
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") return refusal(415, "the body is compressed; admission reviews are read as plain JSON");
  return undefined;
}

interface Arrival {
  readonly entry: EntryPath;
  readonly parts: Parts;
  readonly receivedAt: number;
}

async function review(request: FastifyRequest, reply: FastifyReply, arrival: Arrival): Promise<AdmissionAnswer> {
  const { body } = request;
  // Only a request without a body reaches this point without the parser above.
  if (!(body instanceof Uint8Array)) return refusal(400, "the request has no body; an AdmissionReview is expected");
  return arrival.parts.reviewer.admit({
    entry: arrival.entry,
    body,
    contentType: request.headers["content-type"],
    receivedAt: arrival.receivedAt,
    timeoutMs: timeoutOf(request.query),
    signal: signalOf(reply),
  });
}

function timeoutOf(query: unknown): number | undefined {
  const timeout = (query as Readonly<Record<string, unknown>>)["timeout"];
  return typeof timeout === "string" ? parseDuration(timeout) : undefined;
}

function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
