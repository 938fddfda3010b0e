import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Digest } from "../../src/image/digest.ts";
import type { Clock } from "../../src/inspection/ports.ts";
import { listen, type ListenOptions, type Loopback } from "./loopback.ts";
import { type Answer, errorAnswer } from "./registry-answer.ts";
import { type Authentication, basicDoor, distributionDoor, type Door, harborDoor, openDoor } from "./registry-auth.ts";
import { type Behaviour, matches, send, type Where } from "./registry-faults.ts";
import { type ReadOptions, readAnswer } from "./registry-read.ts";
import { queryOf, type RecordedRequest, type Route, routeOf } from "./registry-routes.ts";
import { RegistryStore, type StoredManifest } from "./registry-store.ts";
import { TokenService } from "./registry-tokens.ts";

export interface RegistryOptions extends ListenOptions, ReadOptions {
  /** Anonymous when absent. */
  readonly auth?: Authentication;
  /** By which tokens expire; the real one when absent. */
  readonly clock?: Clock;
}

/**
 * An OCI registry in memory on a real socket: it answers reads over HTTP as docker-registry does, writes go through
 * the methods here, every request is recorded, and any answer can be replaced by a fault.
 */
export interface RegistryDouble extends Loopback {
  /** Whether there is a referrers API; without one a client that attaches something writes the referrers tag itself. */
  readonly referrers: boolean;
  /** Every request since the start or the last `reset`, those to the token endpoint included. */
  readonly requests: readonly RecordedRequest[];
  /** `GET /v2/shop/web/manifests/v1` of each request: for exact assertions. */
  requestLines(): readonly string[];
  count(kind: Route["kind"]): number;
  /** Forgets the requests; content, tokens and faults stay. */
  reset(): void;

  push(repository: string, bytes: Uint8Array, mediaType: string, tag?: string): Digest;
  pushBlob(repository: string, bytes: Uint8Array): Digest;
  /** By tag or digest. */
  manifest(repository: string, target: string): StoredManifest | undefined;
  blob(repository: string, digest: string): Uint8Array | undefined;
  /** Forgets a tag, or a manifest and every tag of it. */
  remove(repository: string, target: string): void;

  /** From now on, requests there meet this behaviour; the latest fault wins. The door comes first: 401 stays 401. */
  fault(where: Where, behaviour: Behaviour): void;
  /** Takes every fault away. */
  heal(): void;
  /** Makes every token worthless that has been handed out. */
  revokeTokens(): void;
}

/** Starts a registry on 127.0.0.1, with the referrers API and without authentication unless the options say otherwise. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryDouble> {
  const service = new RegistryService(options);
  const server = await listen((request, response) => service.handle(request, response), options);
  const separate = options.auth?.kind === "bearer" && options.auth.listener === "separate";
  const tokenServer = separate ? await listen((request, response) => service.handle(request, response), options) : undefined;
  service.tokenOrigin = tokenServer?.url;
  return expose(service, server, async () => {
    await Promise.all([server.close(), tokenServer?.close()]);
  });
}

interface Fault {
  readonly where: Where;
  readonly behaviour: Behaviour;
  caught: number;
}

class RegistryService {
  readonly store = new RegistryStore();
  readonly read: ReadOptions;
  readonly tokens: TokenService | undefined;
  readonly requests: RecordedRequest[] = [];
  readonly faults: Fault[] = [];
  /** Of a separate token listener. */
  tokenOrigin: string | undefined;
  readonly #door: Door;
  readonly #realm: string | undefined;
  readonly #scheme: string;

  constructor(options: RegistryOptions) {
    const { auth } = options;
    this.read = options;
    this.tokens = auth?.kind === "bearer" ? new TokenService(auth, options.clock ?? { now: Date.now }) : undefined;
    this.#door = doorOf(auth, this.tokens);
    this.#realm = auth?.kind === "bearer" ? auth.realm : undefined;
    this.#scheme = options.tls === undefined ? "http" : "https";
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming;
    const request = { method, path, headers, route: routeOf(path, this.tokens?.path) };
    this.requests.push(request);
    const usual = request.route.kind === "token" ? await this.#handOut(request, incoming) : readAnswer(this.store, request, this.read);
    const refusal = this.#knock(request);
    if (refusal !== undefined) return send(response, refusal);
    const fault = this.faults.findLast((candidate) => matches(candidate.where, request));
    if (fault === undefined) return send(response, usual);
    fault.caught += 1;
    await fault.behaviour({ request, response, usual, nth: fault.caught });
  }

  async #handOut(request: RecordedRequest, incoming: IncomingMessage): Promise<Answer> {
    const { method, headers, path } = request;
    const parameters = method === "POST" ? new URLSearchParams(await text(incoming)) : queryOf(path);
    return this.tokens?.answer({ method, authorization: headers.authorization, parameters }) ?? errorAnswer(404, "UNSUPPORTED", "no tokens here");
  }

  #knock({ route, headers }: RecordedRequest): Answer | undefined {
    // Docker-registry 2.8 does not know the referrers route, so it says 404 to anybody before it asks for a login.
    if (route.kind === "token" || route.kind === "unknown") return undefined;
    if (route.kind === "referrers" && this.read.referrers === false) return undefined;
    const repository = route.kind === "ping" ? undefined : route.repository;
    const origin = this.tokenOrigin ?? `${this.#scheme}://${headers.host}`;
    const realm = this.#realm ?? `${origin}${this.tokens?.path ?? ""}`;
    return this.#door({ authorization: headers.authorization, repository, realm });
  }
}

function doorOf(auth: Authentication | undefined, tokens: TokenService | undefined): Door {
  if (auth?.kind === "basic") return basicDoor(auth.accounts);
  if (auth?.kind !== "bearer" || tokens === undefined) return openDoor;
  return auth.style === "harbor" ? harborDoor(tokens, auth.accounts) : distributionDoor(tokens);
}

function expose(service: RegistryService, server: Loopback, close: () => Promise<void>): RegistryDouble {
  const { store, requests, faults } = service;
  return {
    host: server.host,
    url: server.url,
    close,
    referrers: service.read.referrers !== false,
    requests,
    requestLines: () => requests.map(({ method, path }) => `${method} ${path}`),
    count: (kind) => requests.filter(({ route }) => route.kind === kind).length,
    reset: () => requests.splice(0),
    push: (repository, bytes, mediaType, tag) => store.push(repository, bytes, mediaType, tag),
    pushBlob: (repository, bytes) => store.pushBlob(repository, bytes),
    manifest: (repository, target) => store.manifest(repository, target),
    blob: (repository, digest) => store.blob(repository, digest),
    remove: (repository, target) => store.remove(repository, target),
    fault: (where, behaviour) => faults.push({ where, behaviour, caught: 0 }),
    heal: () => faults.splice(0),
    revokeTokens: () => service.tokens?.revoke(),
  };
}
