import { type Accounts, login, mayPull } from "./registry-accounts.ts";
import { type Answer, errorAnswer } from "./registry-answer.ts";
import { SERVICE, type TokenOptions, type TokenService } from "./registry-tokens.ts";

export interface BearerOptions extends TokenOptions {
  readonly kind: "bearer";
  /** Who hands out the tokens: the registry itself when absent, or a listener on another port, so another origin. */
  readonly listener?: "own" | "separate";
  /** What the challenge names in place of the real endpoint. */
  readonly realm?: string;
}

export type Authentication =
  | { readonly kind: "anonymous" }
  | { readonly kind: "basic"; readonly accounts: Accounts }
  | BearerOptions;

/** One request as the door sees it. */
export interface Knock {
  readonly authorization: string | undefined;
  /** Undefined for `/v2/`, which needs a login but no right. */
  readonly repository: string | undefined;
  /** Where the challenge sends for a token. */
  readonly realm: string;
}

/** Undefined lets the request through; an answer turns it away. */
export type Door = (knock: Knock) => Answer | undefined;

export function openDoor(): Answer | undefined {
  return undefined;
}

/** htpasswd as docker-registry does it, but 403 for somebody without the right. */
export function basicDoor(accounts: Accounts): Door {
  return ({ authorization, repository }) => {
    const account = login(accounts, authorization);
    if (account === undefined) return unauthorized('Basic realm="basic-realm"', repository);
    if (isAllowed(account.repositories, repository)) return undefined;
    return errorAnswer(403, "DENIED", "requested access to the resource is denied");
  };
}

/** Tokens as docker-registry asks for them (distribution, "Token Authentication Specification"). */
export function distributionDoor(tokens: TokenService): Door {
  return ({ authorization, repository, realm }) => {
    const challenge = bearerChallenge(realm, repository);
    const token = bearerToken(authorization);
    if (token === undefined) return unauthorized(challenge, repository);
    const rights = tokens.rightsOf(token);
    if (rights === undefined) return unauthorized(`${challenge},error="invalid_token"`, repository);
    if (isAllowed(rights, repository)) return undefined;
    return unauthorized(`${challenge},error="insufficient_scope"`, repository);
  };
}

/** Harbor asks for a token only when there is no Authorization at all, and takes Basic directly. */
export function harborDoor(tokens: TokenService, accounts: Accounts): Door {
  return ({ authorization, repository, realm }) => {
    if (authorization === undefined) return unauthorized(bearerChallenge(realm, repository), repository);
    const token = bearerToken(authorization);
    const rights = token === undefined ? login(accounts, authorization)?.repositories : tokens.rightsOf(token);
    if (rights !== undefined && isAllowed(rights, repository)) return undefined;
    return unauthorized('Basic realm="harbor"', repository);
  };
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(.+)$/i.exec(authorization ?? "")?.[1];
}

function bearerChallenge(realm: string, repository: string | undefined): string {
  const scope = repository === undefined ? "" : `,scope="repository:${repository}:pull"`;
  return `Bearer realm="${realm}",service="${SERVICE}"${scope}`;
}

function isAllowed(rights: readonly string[], repository: string | undefined): boolean {
  return repository === undefined || mayPull(rights, repository);
}

function unauthorized(challenge: string, repository: string | undefined): Answer {
  const detail = repository === undefined ? null : [{ Type: "repository", Class: "", Name: repository, Action: "pull" }];
  return errorAnswer(401, "UNAUTHORIZED", "authentication required", { detail, headers: { "www-authenticate": challenge } });
}
