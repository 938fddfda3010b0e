import type { Socket } from "node:net";

import type { FastifyReply } from "fastify";

import type { AdmissionAnswer } from "../../admission/response.ts";
import type { ServerObserver, Webhook } from "./ports.ts";
import { refusal } from "./status.ts";

/** What a client is told of an error before its review was read, by status code; nothing of the error itself. */
const MESSAGES: ReadonlyMap<number, string> = new Map([
  [400, "the request cannot be read"],
  [408, "the request took too long to arrive"],
  [413, "the body is larger than 8 MiB"],
  [415, "the body's Content-Type is not application/json"],
  [431, "the request's headers are too large"],
]);

/** Sends an answer as the API server reads it. */
export function send(reply: FastifyReply, { status, body }: AdmissionAnswer): FastifyReply {
  return reply.code(status).type("application/json").send(JSON.stringify(body));
}

/** Every path that ends without a review ends with a Status. */
export function answerFaults(app: Webhook, observer: ServerObserver): void {
  app.setNotFoundHandler((_request, reply) => {
    return send(reply, refusal(404, "there is nothing here; reviews are posted to /validate"));
  });
  app.setErrorHandler((error, _request, reply) => {
    const answer = answerTo(statusOf(error));
    observer.refused({ status: answer.status, cause: error });
    // fastify would hang up on a client that still sends, which then sees a reset connection in place of this answer.
    // The rest of the body is read and dropped instead, within the request's time.
    return send(reply.removeHeader("connection"), answer);
  });
}

/** Answers bytes that are no HTTP request, or that did not come in time, and hangs up. */
export function answerUnreadable(observer: ServerObserver): (error: Error, socket: Socket) => void {
  return (error, socket) => {
    const status = unreadableStatus(error);
    if (status === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = answerTo(status);
    observer.refused({ status, cause: error });
    socket.end(rawResponse(answer.status, answer.body), () => socket.destroy());
  };
}

/** Undefined where there is no HTTP to answer in: a failed handshake, a connection that is gone. */
function unreadableStatus(error: Error): number | undefined {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code.startsWith("HPE_") ? 400 : undefined;
}

function answerTo(status: number): AdmissionAnswer {
  const message = MESSAGES.get(status);
  return message === undefined ? refusal(500, "the request could not be handled; the log says why") : refusal(status, message);
}

function statusOf(error: unknown): number {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
}

function rawResponse(status: number, document: object): string {
  const body = JSON.stringify(document);
  const head = [`HTTP/1.1 ${status} Refused`, "Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`, "Connection: close"];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
