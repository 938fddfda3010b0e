import { randomBytes } from "node:crypto";
import type { Clock } from "../../src/inspection/ports.ts";
import { type Account, type Accounts, login, mayPull } from "./registry-accounts.ts";
import { type Answer, errorAnswer, jsonAnswer } from "./registry-answer.ts";

/** What the challenge calls the registry, and what a token request has to repeat. */
export const SERVICE = "registry.test";

export interface TokenOptions {
  readonly accounts: Accounts;
  /** Repositories that anybody may pull. */
  readonly open?: readonly string[];
  /** `harbor`: `access_token` is empty, and every request gets a token, if need be one without rights. */
  readonly style?: "distribution" | "harbor";
  /** Seconds; 300 when absent. */
  readonly expiresIn?: number;
}

/** A request to the token endpoint: `GET` with a query, or the OAuth 2 `POST` with a form. */
export interface TokenRequest {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly parameters: URLSearchParams;
}

interface Grant {
  readonly repositories: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Hands out opaque tokens with the pull rights that were asked for, as far as the account has them. */
export class TokenService {
  /** Of the endpoint. */
  readonly path: string;
  readonly #options: TokenOptions;
  readonly #clock: Clock;
  readonly #grants = new Map<string, Grant>();

  constructor(options: TokenOptions, clock: Clock) {
    this.path = options.style === "harbor" ? "/service/token" : "/token";
    this.#options = options;
    this.#clock = clock;
  }

  /** What a token opens; undefined for one that was never issued or has expired. */
  rightsOf(token: string): readonly string[] | undefined {
    const grant = this.#grants.get(token);
    return grant === undefined || grant.expires <= this.#clock.now() ? undefined : grant.repositories;
  }

  /** Forgets every token, as a registry does whose signing key was changed. */
  revoke(): void {
    this.#grants.clear();
  }

  answer(request: TokenRequest): Answer {
    if (request.parameters.get("service") !== SERVICE) return errorAnswer(400, "BAD_REQUEST", "unable to handle service");
    if (request.method === "POST") return this.#answerOAuth(request.parameters);
    const account = login(this.#options.accounts, request.authorization);
    const failed = account === undefined && request.authorization !== undefined;
    if (failed && this.#options.style !== "harbor") return badLogin();
    return this.#issue(account, request.parameters);
  }

  #answerOAuth(form: URLSearchParams): Answer {
    if (this.#options.style === "harbor") return errorAnswer(405, "METHOD_NOT_ALLOWED", "method not allowed");
    const account = Object.values(this.#options.accounts).find(
      (candidate) => candidate.identityToken !== undefined && candidate.identityToken === form.get("refresh_token"),
    );
    if (form.get("grant_type") !== "refresh_token" || account === undefined) return badLogin();
    return this.#issue(account, form);
  }

  #issue(account: Account | undefined, parameters: URLSearchParams): Answer {
    const rights = [...(this.#options.open ?? []), ...(account?.repositories ?? [])];
    const repositories = requested(parameters).filter((repository) => mayPull(rights, repository));
    const token = randomBytes(24).toString("base64url");
    const lifetime = this.#options.expiresIn ?? 300;
    const now = this.#clock.now();
    this.#grants.set(token, { repositories, expires: now + lifetime * 1000 });
    const accessToken = this.#options.style === "harbor" ? "" : token;
    return jsonAnswer(200, { token, access_token: accessToken, expires_in: lifetime, issued_at: new Date(now).toISOString() });
  }
}

// Scopes come as several parameters, or as one with spaces between them. Only pull is ever granted.
function requested(parameters: URLSearchParams): readonly string[] {
  const scopes = parameters.getAll("scope").flatMap((scope) => scope.split(" "));
  return scopes.flatMap((scope) => {
    const [, repository, actions] = /^repository:(.+):([a-z*,]+)$/.exec(scope) ?? [];
    return repository !== undefined && actions?.split(",").includes("pull") ? [repository] : [];
  });
}

function badLogin(): Answer {
  const headers = { "www-authenticate": 'Basic realm="token service"' };
  return errorAnswer(401, "UNAUTHORIZED", "incorrect username or password", { headers });
}
