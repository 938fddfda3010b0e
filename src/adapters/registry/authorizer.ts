import type { Credential } from "../../inspection/credential.ts";
import type { Access } from "../../inspection/ports.ts";
import { UndeterminedError } from "../../verdict/failure.ts";
import type { Answer } from "./answer.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { RegistryConnection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { withinCall } from "./deadline.ts";
import { type Reach, shownHost } from "./reach.ts";
import { mayHaveCredentials } from "./realm.ts";
import type { RegistryEnvironment } from "./settings.ts";
import { basic, tokenOf, tokenRequest } from "./token-service.ts";
import { type Token, type TokenQuestion, Tokens } from "./tokens.ts";
import type { OutgoingRequest, Transport } from "./transport.ts";

/** Milliseconds. A token request serves several callers, so no caller's deadline bounds it. */
const TOKEN_TIME = 10_000;

/** What a request to a registry says of who asks. */
type Authorization =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly header: string }
  | { readonly kind: "bearer"; readonly header: string; readonly token: string; readonly question: TokenQuestion };

const NONE: Authorization = { kind: "none" };

/** A request as the client asks for it, before it says who asks. */
export type UnsignedRequest = Omit<OutgoingRequest, "authorization" | "method" | "body">;

/**
 * Says who asks, as the registry's own 401 wants it: with a password, or with a token of its token service. What the
 * registry wanted last is remembered, and tokens are kept, so that a later request says it at once.
 */
export class Authorizer {
  readonly #transport: Transport;
  readonly #connections: Connections;
  readonly #environment: RegistryEnvironment;
  readonly #tokens: Tokens;

  constructor(transport: Transport, connections: Connections, environment: RegistryEnvironment) {
    this.#transport = transport;
    this.#connections = connections;
    this.#environment = environment;
    this.#tokens = new Tokens(environment.clock);
  }

  /** The registry's answer to who we are; 401 when nothing that we have satisfies it. Throws as the transport does. */
  async exchange(connection: RegistryConnection, access: Access, request: UnsignedRequest, signal: AbortSignal): Promise<Answer> {
    const send = (authorization: Authorization): Promise<Answer> =>
      this.#transport.exchange(connection, signed(request, authorization), signal);
    const first = this.#remembered(connection, access);
    const answer = await send(first);
    if (answer.status !== 401) return answer;
    this.#forget(first);
    const challenge = challengeAfter(connection, answer, first);
    if (challenge === undefined) return answer;
    connection.challenge = challenge;
    const second = await this.#respond(connection, challenge, access, signal);
    if (second.kind === "none") return answer;
    const last = await send(second);
    // A token that opens nothing is not worth keeping: rights may change, and so may the way to log in.
    if (last.status === 401) this.#forget(second);
    return last;
  }

  #remembered({ challenge }: RegistryConnection, access: Access): Authorization {
    if (challenge?.kind === "basic") return password(access.credential);
    if (challenge === undefined) return NONE;
    const question = questionOf(challenge, access);
    const token = this.#tokens.kept(question);
    return token === undefined ? NONE : bearer(token, question);
  }

  #forget(authorization: Authorization): void {
    if (authorization.kind === "bearer") this.#tokens.forget(authorization.question, authorization.token);
  }

  async #respond(connection: RegistryConnection, challenge: Challenge, access: Access, signal: AbortSignal): Promise<Authorization> {
    if (challenge.kind === "basic") return password(access.credential);
    const realm = realmOf(connection.reach, challenge, access.credential);
    const question = questionOf(challenge, access);
    const token = await this.#tokens.obtain(question, () => this.#fetch(connection.host, realm, question), signal);
    return bearer(token, question);
  }

  async #fetch(host: string, realm: URL, question: TokenQuestion): Promise<Token> {
    const { clock } = this.#environment;
    const call = { deadline: clock.now() + TOKEN_TIME, signal: new AbortController().signal };
    return withinCall(call, clock, `the token service of ${host}`, (signal) =>
      this.#connections.use(host, async (connection) => {
        const answer = await this.#transport.exchange(connection, tokenRequest(realm, question), signal);
        return tokenOf(answer, host);
      }),
    );
  }
}

// Only pull rights are ever asked for, and only for the repository at hand, whatever scope the challenge names.
function questionOf({ realm, service }: Extract<Challenge, { kind: "bearer" }>, { repository, credential }: Access): TokenQuestion {
  return { realm, service, scope: `repository:${repository.path}:pull`, credential };
}

// Harbor meets a token that does not suffice, an expired one too, with a Basic challenge or none: then what it said
// first holds. A password that was refused is not sent again.
function challengeAfter(connection: RegistryConnection, answer: Answer, sent: Authorization): Challenge | undefined {
  const challenge = parseChallenge(answer.headers["www-authenticate"]);
  if (sent.kind === "bearer" && challenge?.kind !== "bearer") return connection.challenge;
  return sent.kind === "basic" && challenge?.kind === "basic" ? undefined : challenge;
}

/** The token service, if it may be asked. Throws UndeterminedError (Unauthorized) before anything is sent to it. */
function realmOf(reach: Reach, { realm }: { readonly realm: string }, credential: Credential): URL {
  const { host, settings } = reach;
  const url = URL.parse(realm);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    throw new UndeterminedError("Unauthorized", `${host} asks for a token and names no usable token service`);
  }
  if (url.protocol === "http:" && !settings.plainHTTP) {
    throw new UndeterminedError("Unauthorized", `${host} names a token service without TLS; tokens are fetched over https alone`);
  }
  if (credential.kind === "anonymous" || mayHaveCredentials(url, reach)) return url;
  throw new UndeterminedError(
    "Unauthorized",
    `the token service of ${host} is on another site, ${shownHost(url)}, and is not sent credentials; ` +
      `if it may have them, configure \`registries: [{ host: "${host}", tokenRealms: ["${shownHost(url)}"] }]\``,
  );
}

function password(credential: Credential): Authorization {
  if (credential.kind !== "password") return NONE;
  return { kind: "basic", header: basic(credential.username, credential.password) };
}

function bearer(token: string, question: TokenQuestion): Authorization {
  return { kind: "bearer", header: `Bearer ${token}`, token, question };
}

function signed(request: UnsignedRequest, authorization: Authorization): OutgoingRequest {
  const header = authorization.kind === "none" ? undefined : authorization.header;
  return { ...request, method: "GET", authorization: header, body: undefined };
}
