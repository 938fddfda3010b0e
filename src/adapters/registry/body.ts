import type { Dispatcher } from "undici";
import { RefusedError } from "../../verdict/failure.ts";

/** An error page or a redirect's body up to this size is read away, so that its connection can be used again. */
const SMALL = 65_536;

/** What a body is read for: `name` is ours, for messages. */
export interface BodyLimit {
  readonly name: string;
  readonly maxBytes: number;
}

/**
 * A body's bytes as they were sent. Throws RefusedError: TooLarge as soon as the length that was announced or the bytes
 * that came exceed the limit, Malformed for an encoding, which we asked not to have (a small body may unpack to a huge
 * one, and digests are of what is packed).
 */
export async function readBody({ headers, body }: Pick<Dispatcher.ResponseData, "headers" | "body">, limit: BodyLimit): Promise<Uint8Array> {
  const refusal = refusalOf(headers, limit);
  if (refusal !== undefined) {
    body.on("error", ignore).destroy();
    throw refusal;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop destroys the body, and its connection with it.
    if (length > limit.maxBytes) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Reads away a body that nobody wants, or ends its connection when it is long. */
export async function discardBody({ body }: Pick<Dispatcher.ResponseData, "body">, signal: AbortSignal): Promise<void> {
  await body.dump({ limit: SMALL, signal });
}

function refusalOf(headers: Dispatcher.ResponseData["headers"], limit: BodyLimit): RefusedError | undefined {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    return new RefusedError("Malformed", `${limit.name} came with a content encoding, which was not asked for`);
  }
  return Number(headers["content-length"] ?? 0) > limit.maxBytes ? tooLarge(limit) : undefined;
}

function tooLarge({ name, maxBytes }: BodyLimit): RefusedError {
  return new RefusedError("TooLarge", `${name} is larger than ${maxBytes} bytes`);
}

function ignore(): void {
  // The body was destroyed on purpose; its error says only that.
}
