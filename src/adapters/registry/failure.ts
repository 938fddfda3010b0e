import type { Credential } from "../../inspection/credential.ts";
import { RefusedError, UndeterminedError } from "../../verdict/failure.ts";
import { isTransient, TransientError } from "./transient.ts";

/** The registry's status for something that we asked it for; `name` is ours, as in `host/path:tag`. */
export interface Refusal {
  readonly host: string;
  readonly name: string;
  readonly status: number;
  readonly credential: Credential;
}

/** What a status other than 200 means for a manifest, a blob or a list of referrers. */
export function statusError({ host, name, status, credential }: Refusal): RefusedError | UndeterminedError {
  switch (status) {
    case 404:
      return new RefusedError("ImageNotFound", `${host} says that there is no ${name}`);
    case 412:
      return new RefusedError("BlockedByRegistry", `the policy of ${host} itself refuses ${name} (412)`);
    case 401:
    case 403:
      return new UndeterminedError("Unauthorized", `${host} does not let ${asker(credential)} read ${name} (${status})`);
    default:
      return serverError(host, status);
  }
}

/**
 * What a status means that has no meaning of its own: too many requests, or an answer that we cannot use. `retryAfter` is
 * the header that came with it.
 */
export function serverError(host: string, status: number, retryAfter?: string): UndeterminedError {
  if (status === 429) return new TransientError("RateLimited", `${host} takes no more requests from us for now (429)`, { retryAfter });
  const message = `${host} answered with status ${status}`;
  if (isTransient(status)) return new TransientError("RegistryUnavailable", message, { retryAfter });
  return new UndeterminedError(status === 408 ? "RegistryUnavailable" : "UnexpectedAnswer", message);
}

function asker(credential: Credential): string {
  return credential.kind === "anonymous" ? "anonymous clients" : "the credential that we have";
}

const PLAIN_ANSWER = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST", "EPROTO"]);
const NO_NAME = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);
const NO_CONNECTION = new Set(["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"]);
const SILENT = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
const CUT_OFF = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"]);
const UNTRUSTED = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|ERR_TLS_CERT)/;

// UND_ERR_ABORTED: a proxy's answer to CONNECT was no success. What we abort ourselves is over time before it gets here.
const PROXY = /^UND_ERR_(?:ABORTED$|PRX_|SOCKS5)/;

/**
 * No whole answer came. Of what was thrown only the code is kept: undici puts bytes of the answer, and node a
 * certificate's names, into their errors. What took long to fail is not worth asking again: the time is gone.
 */
export function networkError(where: string, thrown: unknown): UndeterminedError {
  const code = codeOf(thrown);
  const kind = NO_CONNECTION.has(code) || SILENT.has(code) ? UndeterminedError : TransientError;
  return new kind("RegistryUnavailable", `${where}: ${explanation(code)}`, { cause: code });
}

function explanation(code: string): string {
  if (NO_NAME.has(code)) return `the name does not resolve (${code})`;
  if (code === "ECONNREFUSED") return "nobody listens there (ECONNREFUSED)";
  if (NO_CONNECTION.has(code)) return `no connection in time (${code})`;
  if (SILENT.has(code)) return `it is silent (${code})`;
  if (PLAIN_ANSWER.has(code)) return `the answer is not TLS (${code}); a registry without TLS needs \`plainHTTP: true\` in its configuration`;
  if (UNTRUSTED.test(code)) return `the certificate is not trusted (${code}); a private certificate authority goes into \`caFile\``;
  if (PROXY.test(code)) return `the proxy does not connect us (${code})`;
  if (CUT_OFF.has(code)) return `the connection was cut off (${code})`;
  return `no answer that can be read (${code})`;
}

function codeOf(thrown: unknown): string {
  const code: unknown = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "unknown";
}
