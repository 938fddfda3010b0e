import { field, parseJsonObject, stringField } from "../../json.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import type { Answer } from "./answer.ts";
import { serverError } from "./failure.ts";
import type { Token, TokenQuestion } from "./tokens.ts";
import { retryAfterIn } from "./transient.ts";
import type { OutgoingRequest } from "./transport.ts";

const MAX_BYTES = 262_144;
/** Seconds, when the answer does not say (distribution, "Token Authentication Specification"). */
const DEFAULT_LIFETIME = 60;

/**
 * The request for a token: a GET with the password as Basic, or with nothing for an anonymous token (distribution,
 * "Token Authentication Specification"); a POST with the refresh token for an identity token ("OAuth2 Token
 * Authentication").
 */
export function tokenRequest(realm: URL, { service, scope, credential }: TokenQuestion): OutgoingRequest {
  const shared = { kind: "token", name: "the token", maxBytes: MAX_BYTES } as const;
  const parameters = new URLSearchParams(service === undefined ? { scope } : { service, scope });
  if (credential.kind === "identity-token") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "pratique", refresh_token: credential.token });
    for (const [name, value] of parameters) form.set(name, value);
    const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
    return { ...shared, method: "POST", url: realm, headers, authorization: undefined, body: form.toString() };
  }
  const url = new URL(realm);
  for (const [name, value] of parameters) url.searchParams.set(name, value);
  const authorization = credential.kind === "password" ? basic(credential.username, credential.password) : undefined;
  return { ...shared, method: "GET", url, headers: { accept: "application/json" }, authorization, body: undefined };
}

/** `Authorization: Basic` (RFC 7617), in UTF-8. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/**
 * The token in a token service's answer. Throws UndeterminedError: Unauthorized when the service refuses us,
 * RateLimited, RegistryUnavailable or UnexpectedAnswer otherwise. `host` is the registry's, for messages.
 */
export function tokenOf(answer: Answer, host: string): Token {
  const { status } = answer;
  const service = `the token service of ${host}`;
  if (status === 429 || status === 408 || status >= 500 || status < 200) throw serverError(service, status, retryAfterIn(answer.headers));
  if (status !== 200) throw new UndeterminedError("Unauthorized", `${service} gives us no token (${status})`);
  const token = decode(answer.bytes);
  if (token === undefined) throw new UndeterminedError("UnexpectedAnswer", `${service} answered without a usable token`);
  return token;
}

function decode(bytes: Uint8Array): Token | undefined {
  const document = parseJsonObject(bytes);
  if (document === undefined) return undefined;
  // Harbor's `access_token` is an empty text.
  const text = stringField(document, "access_token") || stringField(document, "token") || "";
  if (!/^[\x21-\x7e]+$/.test(text)) return undefined;
  const lifetime = field(document, "expires_in");
  return { text, lifetime: typeof lifetime === "number" && lifetime > 0 ? lifetime : DEFAULT_LIFETIME };
}
