// A token service as docker-registry's `auth: token` expects one: ES256 tokens whose certificate stands in `x5c`.
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { KeyPair } from "../../test/helpers/certificates.ts";
import { listen, type Loopback } from "../../test/helpers/loopback.ts";

export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface TokenServiceOptions {
  readonly service: string;
  readonly issuer: string;
  /** Signs the tokens; the registry trusts the authority of its certificate. */
  readonly signer: KeyPair;
  readonly account: Account;
}

interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const LIFETIME_SECONDS = 300;

/** Serves tokens for every repository to one account, and to nobody else. */
export function startTokenService(options: TokenServiceOptions): Promise<Loopback> {
  return listen((request, response) => answer(options, request, response));
}

function answer(options: TokenServiceOptions, request: IncomingMessage, response: ServerResponse): void {
  const { username, password } = options.account;
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  response.setHeader("content-type", "application/json");
  if (request.headers.authorization !== expected) {
    response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return;
  }
  const query = new URL(request.url ?? "/", "http://token.invalid").searchParams;
  const token = issue(options, query.getAll("scope").flatMap((scope) => scope.split(" ")).map(grantOf));
  response.end(JSON.stringify({ token, access_token: token, expires_in: LIFETIME_SECONDS }));
}

// `repository:shop/web:pull,push`; the name may have a colon of its own when it holds a port.
function grantOf(scope: string): Grant {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  return { type: scope.slice(0, first), name: scope.slice(first + 1, last), actions: scope.slice(last + 1).split(",") };
}

function issue(options: TokenServiceOptions, access: readonly Grant[]): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(options.signer.cert).raw.toString("base64");
  const header = { typ: "JWT", alg: "ES256", x5c: [certificate] };
  const claims = {
    iss: options.issuer,
    sub: options.account.username,
    aud: options.service,
    // The registry's clock may be read a moment before ours.
    nbf: now - 5,
    iat: now - 5,
    exp: now + LIFETIME_SECONDS,
    jti: randomUUID(),
    access,
  };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: createPrivateKey(options.signer.key), dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}
