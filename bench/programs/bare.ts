// The least that a webhook could be: it parses each review and answers the same bytes. `bare.ts CERTIFICATE KEY ANSWER`.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { serveUsage } from "./usage.ts";

const [cert = "", key = "", answer = ""] = process.argv.slice(2).map((file) => readFileSync(file, "utf8"));
// It keeps connections for longer than the other server is measured in between.
const server = createServer({ cert, key, keepAliveTimeout: 120_000 }, (request, response) => void reply(request, response));

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const review = JSON.parse(await text(request)) as { readonly request?: { readonly uid?: string } };
  if (review.request?.uid === undefined) throw new TypeError("no review");
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) }).end(answer);
}

server.listen(0, "127.0.0.1", () => serveUsage((server.address() as AddressInfo).port));
