/** How an error stands in a log line. */
export interface ErrorLine {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  /** Where it was thrown, without the message. */
  readonly stack: string;
  readonly cause?: ErrorLine;
}

const MAX_CAUSES = 5;
const MAX_MESSAGE = 2000;
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi, "$1 [redacted]"],
  [/:\/\/[^\s/@]+@/g, "://[redacted]@"],
  [/("?(?:auth|identitytoken|password|registrytoken|token|username)"?\s*[:=]\s*)"[^"]*"/gi, '$1"[redacted]"'],
];

/**
 * Describes whatever was thrown by a closed list of fields: errors of libraries carry requests, headers and documents
 * in properties of their own, and a SyntaxError quotes the text that it could not parse, which may be a pull secret.
 */
export function errorLine(thrown: unknown, depth = 0): ErrorLine {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: scrub(String(thrown)), stack: "" };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  return {
    type: thrown.name,
    ...(code === undefined ? {} : { code }),
    message: thrown instanceof SyntaxError ? "[a parser's message, which may quote its input]" : scrub(thrown.message),
    stack: framesOf(thrown),
    ...(thrown.cause === undefined || depth === MAX_CAUSES ? {} : { cause: errorLine(thrown.cause, depth + 1) }),
  };
}

/** Takes out what looks like a credential. A second line of defence: no message should hold one. */
export function scrub(text: string): string {
  return CREDENTIALS.reduce((scrubbed, [pattern, replacement]) => scrubbed.replace(pattern, replacement), text.slice(0, MAX_MESSAGE));
}

// The first lines of a stack repeat the message.
function framesOf(error: Error): string {
  const lines = (error.stack ?? "").split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).join("\n");
}
