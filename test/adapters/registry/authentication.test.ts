import { createServer, request as httpRequest } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { parseChallenge } from "../../../src/adapters/registry/challenge.ts";
import { mayHaveCredentials } from "../../../src/adapters/registry/realm.ts";
import type { RegistrySettings } from "../../../src/adapters/registry/settings.ts";
import type { Manifest } from "../../../src/image/manifest.ts";
import type { Credential } from "../../../src/inspection/credential.ts";
import type { Call } from "../../../src/inspection/ports.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { handTimer } from "../../helpers/hand-timer.ts";
import { imageManifest, push } from "../../helpers/images.ts";
import type { Authentication } from "../../helpers/registry-auth.ts";
import { type RegistryDouble, startRegistry } from "../../helpers/registry-double.ts";
import * as faults from "../../helpers/registry-faults.ts";
import { ask, failure, inTime, LOOPBACK, login, startClient, type World } from "./world.ts";

t.test("challenges are read as RFC 9110 writes them, and as registries do", (t) => {
  const bearer = (realm: string, service?: string): object => ({ kind: "bearer", realm, service });
  const basic = { kind: "basic" };
  const cases: [header: string | string[] | undefined, challenge: object | undefined][] = [
    ['Bearer realm="https://a.example/token",service="a",scope="repository:x:pull"', bearer("https://a.example/token", "a")],
    ['bearer  Realm = "https://a.example/token" , SERVICE = "a"', bearer("https://a.example/token", "a")],
    ["Bearer realm=https://a.example/token,service=a", bearer("https://a.example/token", "a")],
    ['Bearer realm="https://a.example/token"', bearer("https://a.example/token")],
    [String.raw`Bearer realm="https://a.example/\"to\\ken"`, bearer(String.raw`https://a.example/"to\ken`)],
    ['Basic realm="harbor"', basic],
    ["Basic", basic],
    ["BASIC realm=x", basic],
    ['Basic realm="x", Bearer realm="https://a.example/token"', bearer("https://a.example/token")],
    [['Basic realm="x"', 'Bearer realm="https://a.example/token",service="a"'], bearer("https://a.example/token", "a")],
    ['Negotiate abc==, Basic realm="x"', basic],
    ['Digest qop="auth, Bearer realm=evil", nonce="1", Basic realm="x"', basic],
    ['Bearer realm="https://a.example/token",realm="https://evil.example/token"', bearer("https://a.example/token")],
    ['Bearer service="a"', undefined],
    ['Bearer realm=""', undefined],
    ['Bearer realm="https://a.example/token', bearer("https://a.example/token")],
    ['realm="https://a.example/token"', undefined],
    ["Negotiate", undefined],
    ["", undefined],
    [undefined, undefined],
    [[], undefined],
    [",,=,\"\"\\ =", undefined],
  ];
  for (const [header, challenge] of cases) t.same(parseChallenge(header), challenge, JSON.stringify(header));
  for (const piece of ['"', '\\"', "a=", ",", " ", "a ", 'a="', "Bearer "]) parseChallenge(piece.repeat(1_000_000));
  t.pass("any header is read at once");
  t.end();
});

t.test("which token services may have credentials", (t) => {
  const cases: [registry: string, realm: string, trusted: boolean][] = [
    ["harbor.example.com", "https://harbor.example.com/service/token", true],
    ["harbor.example.com", "https://harbor.example.com:8443/token", true],
    ["harbor.example.com", "https://token.harbor.example.com/", true],
    ["registry.example.com", "https://gitlab.example.com/jwt/auth", true],
    ["registry.example.com", "https://example.com/jwt/auth", true],
    ["registry.gitlab.com", "https://gitlab.com/jwt/auth", true],
    ["registry.example.co.uk", "https://auth.example.co.uk/", true],
    ["ghcr.io", "https://ghcr.io/token", true],
    ["ghcr.io", "https://token.ghcr.io/token", true],
    ["harbor.example.com", "https://evil.example/token", false],
    ["harbor.example.com", "https://harbor.example.com.evil.example/token", false],
    ["harbor.example.com", "https://evilexample.com/token", false],
    ["harbor.example.com", "https://notharbor.example.com.evil/", false],
    ["example.com", "https://evil.com/token", false],
    ["example.com", "https://com/token", false],
    ["example.co.uk", "https://evil.co.uk/token", false],
    ["example.com.au", "https://evil.com.au/token", false],
    ["registry", "https://evil.registry/token", false],
    ["registry", "https://registry/token", true],
    ["localhost", "https://evil.localhost/token", false],
    ["10.0.0.1", "https://10.0.0.1:8443/token", true],
    ["10.0.0.1", "https://11.0.0.1/token", false],
    ["10.0.0.1", "https://evil.0.0.1.example/token", false],
    ["[fd00::1]", "https://[fd00::1]/token", true],
    ["[fd00::1]", "https://[fd00::2]/token", false],
  ];
  const owner = (host: string, tokenRealms: string[] = []): Parameters<typeof mayHaveCredentials>[1] => ({ host, base: new URL(`https://${host}/`), settings: { tokenRealms } });
  for (const [registry, realm, trusted] of cases) t.equal(mayHaveCredentials(new URL(realm), owner(registry)), trusted, `${registry} ${realm}`);
  const listed = owner("10.0.0.1", ["sso.example.org", "keycloak:8443", "x.example:443", "not a host"]);
  t.ok(mayHaveCredentials(new URL("https://sso.example.org/token"), listed));
  t.ok(mayHaveCredentials(new URL("https://keycloak:8443/token"), listed));
  t.ok(mayHaveCredentials(new URL("https://x.example/token"), listed));
  t.notOk(mayHaveCredentials(new URL("https://keycloak/token"), listed), "a listed host is one port");
  t.notOk(mayHaveCredentials(new URL("https://sub.sso.example.org/token"), listed));
  const hub = { ...owner("docker.io"), base: new URL("https://registry-1.docker.io/") };
  t.ok(mayHaveCredentials(new URL("https://auth.docker.io/token"), hub));
  t.notOk(mayHaveCredentials(new URL("https://auth.docker.io/token"), owner("evil.example")));
  t.end();
});

const PASSWORD = "hunter2-is-secret";
const IDENTITY = "identity-is-secret";
const ALICE = login("robot$shop+gate", PASSWORD);
const ACCOUNTS = {
  "robot$shop+gate": { password: PASSWORD, repositories: ["shop/**"], identityToken: IDENTITY },
  bob: { password: "bob-is-secret", repositories: ["lab/**"] },
};
const BASIC: Authentication = { kind: "basic", accounts: ACCOUNTS };
const BEARER: Authentication = { kind: "bearer", accounts: ACCOUNTS, open: ["open/**"] };
const HARBOR: Authentication = { ...BEARER, style: "harbor" };

interface Scene {
  readonly registry: RegistryDouble;
  readonly fetch: (path: string, credential?: Credential, call?: Call) => Promise<Manifest>;
  /** The requests since the last time, each with the scheme of its Authorization. */
  readonly sent: () => string[];
}

async function start(t: Test, auth: Authentication, settings: Partial<RegistrySettings> = {}, world: World = {}): Promise<Scene> {
  const registry = await startRegistry({ auth, ...(world.clock === undefined ? {} : { clock: world.clock }) });
  t.teardown(() => registry.close());
  for (const repository of ["shop/web", "shop/api", "lab/x", "open/x"]) push(registry, repository, imageManifest({ seed: repository }), "v1");
  const { client } = startClient(t, { ...world, registries: { [registry.host]: { ...LOOPBACK, ...settings }, ...world.registries } });
  return {
    registry,
    fetch: (path, credential, call) => {
      const { access, target } = ask(`${registry.host}/${path}`, credential);
      return client.fetchManifest(access, target, call ?? inTime(world.clock));
    },
    sent: () => {
      const lines = registry.requests.map(({ method, route, headers }) => {
        const target = route.kind === "manifest" ? ` ${route.repository}` : "";
        const authorization = headers.authorization?.split(" ")[0];
        return `${method} ${route.kind}${target}${authorization === undefined ? "" : ` ${authorization}`}`;
      });
      registry.reset();
      return lines;
    },
  };
}

/** A refusal whose text holds no secret. */
async function refusal(t: Test, work: Promise<unknown>, code: string, what?: string): Promise<string> {
  const error = await failure(work);
  t.equal(error.code, code, what ?? code);
  t.notMatch(`${error.message} ${error.stack ?? ""} ${String(error.cause)} ${JSON.stringify(error)}`, /secret/);
  return error.message;
}

t.test("a password, asked for once", async (t) => {
  const { fetch, sent } = await start(t, BASIC);
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/web", "GET manifest shop/web Basic"]);
  t.match(await fetch("shop/api:v1", ALICE), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/api Basic"], "what the registry wants is known by now");
  t.match(await refusal(t, fetch("lab/x:v1", ALICE), "Unauthorized"), /does not let the credential that we have read .*lab\/x:v1 \(403\)/);
  sent();
  await refusal(t, fetch("shop/web:v1", login("robot$shop+gate", "wrong-is-secret")), "Unauthorized");
  t.same(sent(), ["GET manifest shop/web Basic"], "a password that was refused is not sent twice");
  t.match(await refusal(t, fetch("shop/web:v1"), "Unauthorized"), /does not let anonymous clients read/);
  t.same(sent(), ["GET manifest shop/web"]);
  await refusal(t, fetch("shop/web:v1", { kind: "identity-token", token: IDENTITY }), "Unauthorized");
  t.same(sent(), ["GET manifest shop/web"], "an identity token is no password");
});

t.test("a token, fetched once for each repository and credential", async (t) => {
  const { registry, fetch, sent } = await start(t, BEARER);
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
  const [, request] = registry.requests;
  t.equal(request?.path, "/token?service=registry.test&scope=repository%3Ashop%2Fweb%3Apull");
  t.equal(request?.headers.authorization, `Basic ${Buffer.from(`robot$shop+gate:${PASSWORD}`).toString("base64")}`);
  t.same(sent(), ["GET manifest shop/web", "GET token Basic", "GET manifest shop/web Bearer"]);
  const { digest } = imageManifest({ seed: "shop/web" });
  t.match(await fetch(`shop/web@${digest}`, ALICE), { digest });
  t.same(sent(), ["GET manifest shop/web Bearer"], "a token at hand goes with the first request");
  t.match(await fetch("shop/api:v1", ALICE), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/api", "GET token Basic", "GET manifest shop/api Bearer"]);

  for (let i = 0; i < 2; i += 1) {
    await refusal(t, fetch("shop/web:v1", login("bob", "bob-is-secret")), "Unauthorized", "nobody uses another's token");
    t.same(sent(), ["GET manifest shop/web", "GET token Basic", "GET manifest shop/web Bearer"], "a token that opens nothing is not kept");
  }
  t.match(await fetch("open/x:v1"), { kind: "manifest" });
  t.same(sent(), ["GET manifest open/x", "GET token", "GET manifest open/x Bearer"], "an anonymous token");
  t.match(await fetch("open/x:v1"), { kind: "manifest" });
  t.same(sent(), ["GET manifest open/x Bearer"]);
  await refusal(t, fetch("shop/web:v1"), "Unauthorized");
  t.same(sent(), ["GET manifest shop/web", "GET token", "GET manifest shop/web Bearer"]);
  t.match(await refusal(t, fetch("shop/web:v1", login("robot$shop+gate", "wrong-is-secret")), "Unauthorized"), /token service of .* gives us no token \(401\)/);
  t.same(sent(), ["GET manifest shop/web", "GET token Basic"]);
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/web Bearer"]);
});

t.test("an identity token is exchanged by POST", async (t) => {
  const { registry, fetch, sent } = await start(t, BEARER);
  const identity: Credential = { kind: "identity-token", token: IDENTITY };
  t.match(await fetch("shop/web:v1", identity), { kind: "manifest" });
  t.equal(registry.requests[1]?.path, "/token", "the refresh token is in the body, not in the address");
  t.same(sent(), ["GET manifest shop/web", "POST token", "GET manifest shop/web Bearer"]);
  t.match(await fetch("shop/web:v1", identity), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/web Bearer"]);
  await refusal(t, fetch("shop/web:v1", { kind: "identity-token", token: "wrong-is-secret" }), "Unauthorized");
  registry.fault((request) => request.method === "POST", faults.redirectTo("/token2"));
  await refusal(t, fetch("shop/api:v1", identity), "Unauthorized", "a POST is not redirected");
});

t.test("tokens end when they expire, or when the registry says so", async (t) => {
  const clock = handTimer();
  const { registry, fetch, sent } = await start(t, { ...BEARER, expiresIn: 100 }, {}, { clock });
  const whole = ["GET manifest shop/web", "GET token Basic", "GET manifest shop/web Bearer"];
  await fetch("shop/web:v1", ALICE);
  t.same(sent(), whole);
  clock.advance(94_000);
  await fetch("shop/web:v1", ALICE);
  t.same(sent(), ["GET manifest shop/web Bearer"]);
  clock.advance(2_000);
  await fetch("shop/web:v1", ALICE);
  t.same(sent(), whole, "a little before its time is over");
  registry.revokeTokens();
  await fetch("shop/web:v1", ALICE);
  t.same(sent(), ["GET manifest shop/web Bearer", "GET token Basic", "GET manifest shop/web Bearer"], "a token that is no longer taken is replaced once");

  registry.fault("/manifests/v1", faults.answerWith(401, { "www-authenticate": `Bearer realm="${registry.url}/token",service="registry.test"` }));
  await refusal(t, fetch("shop/web:v1", ALICE), "Unauthorized");
  t.same(sent(), ["GET manifest shop/web Bearer", "GET token Basic", "GET manifest shop/web Bearer"], "and not more often");
});

t.test("a token's lifetime is what its answer says, else a minute", async (t) => {
  const clock = handTimer();
  const { registry, fetch, sent } = await start(t, { ...BEARER, expiresIn: 86_400 }, {}, { clock });
  for (const [answer, lifetime] of [[{}, 60], [{ expires_in: 0 }, 60], [{ expires_in: "900" }, 60], [{ expires_in: 900 }, 900]] as const) {
    registry.fault(/^\/token/, ({ response, usual }) => {
      const { token } = JSON.parse(Buffer.from(usual.body).toString()) as { token: string };
      faults.send(response, { ...usual, body: Buffer.from(JSON.stringify({ token, ...answer })) });
    });
    clock.advance(10_000_000);
    await fetch("shop/web:v1", ALICE);
    clock.advance((lifetime - 6) * 1000);
    sent();
    await fetch("shop/web:v1", ALICE);
    const reused = sent()[0] === "GET manifest shop/web Bearer";
    clock.advance(2_000);
    await fetch("shop/web:v1", ALICE);
    t.same([reused, sent()[0]], [true, "GET manifest shop/web"], `${JSON.stringify(answer)} lasts ${lifetime} s`);
  }
});

t.test("one token request for all who want the same", async (t) => {
  const { registry, fetch, sent } = await start(t, BEARER);
  const held = faults.hold();
  registry.fault(/^\/token/, held.behaviour);
  const controller = new AbortController();
  const first = failure(fetch("shop/web:v1", ALICE, { ...inTime(), signal: controller.signal }));
  await held.reached;
  const hurried = failure(fetch("shop/web:v1", ALICE, { ...inTime(), deadline: Date.now() + 20 }));
  const others = Array.from({ length: 8 }, () => fetch("shop/web:v1", ALICE));
  controller.abort();
  t.equal((await first).code, "DeadlineExceeded", "who started it gives up");
  t.equal((await hurried).code, "DeadlineExceeded", "another has no time left");
  held.release();
  t.same((await Promise.all(others)).map(({ kind }) => kind), Array(8).fill("manifest"), "the others get it");
  t.equal(sent().filter((line) => line === "GET token Basic").length, 1);

  registry.heal();
  registry.fault(/^\/token/, faults.answerWith(503));
  const failed = await Promise.all(Array.from({ length: 4 }, () => failure(fetch("shop/api:v1", ALICE))));
  t.same(new Set(failed.map(({ code }) => code)), new Set(["RegistryUnavailable"]));
  registry.heal();
  t.match(await fetch("shop/api:v1", ALICE), { kind: "manifest" }, "a failure is not kept");
});

t.test("Harbor", async (t) => {
  const { registry, fetch, sent } = await start(t, HARBOR);
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" }, "its access_token is empty, its token is not");
  t.same(sent(), ["GET manifest shop/web", "GET token Basic", "GET manifest shop/web Bearer"]);
  await fetch("shop/web:v1", ALICE);
  t.same(sent(), ["GET manifest shop/web Bearer"]);
  await refusal(t, fetch("shop/web:v1", login("robot$shop+gate", "wrong-is-secret")), "Unauthorized", "wrong credentials show at the next request");
  t.same(sent(), ["GET manifest shop/web", "GET token Basic", "GET manifest shop/web Bearer"]);
  registry.revokeTokens();
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
  t.same(sent(), ["GET manifest shop/web Bearer", "GET token Basic", "GET manifest shop/web Bearer"], "it meets a bad token with a Basic challenge");
  registry.fault("/v2/nosuch/x/manifests/v1", faults.answerWith(401, { "www-authenticate": "" }, '{"errors":[{"code":"UNAUTHORIZED"}]}'));
  await refusal(t, fetch("nosuch/x:v1", login("nobody", "x")), "Unauthorized", "an unknown project has an empty challenge");
});

t.test("a 401 without a challenge that we know", async (t) => {
  for (const challenge of ["", "Negotiate", "Bearer", 'Bearer realm="not a url"', 'Bearer realm="file:///etc/passwd"', 'Bearer realm="ftp://x/"']) {
    const { registry, fetch } = await start(t, { kind: "anonymous" });
    registry.fault("/manifests/v1", faults.answerWith(401, { "www-authenticate": challenge }));
    await refusal(t, fetch("shop/web:v1", ALICE), "Unauthorized", challenge);
    t.equal(registry.requests.length, 1);
  }
});

t.test("what a token service may answer", async (t) => {
  const answers: [behaviour: faults.Behaviour, code: string][] = [
    [faults.answerWith(400, {}, "secret"), "Unauthorized"],
    [faults.answerWith(401), "Unauthorized"],
    [faults.answerWith(403), "Unauthorized"],
    [faults.answerWith(404), "Unauthorized"],
    [faults.answerWith(429), "RateLimited"],
    [faults.answerWith(500), "RegistryUnavailable"],
    [faults.answerWith(503), "RegistryUnavailable"],
    [faults.answerWith(200, {}, "secret"), "UnexpectedAnswer"],
    [faults.answerWith(200, {}, "[]"), "UnexpectedAnswer"],
    [faults.answerWith(200, {}, "{}"), "UnexpectedAnswer"],
    [faults.answerWith(200, {}, '{"token":"","access_token":""}'), "UnexpectedAnswer"],
    [faults.answerWith(200, {}, '{"token":{"secret":1}}'), "UnexpectedAnswer"],
    [faults.answerWith(200, {}, '{"token":"secret\\r\\nx: y"}'), "UnexpectedAnswer"],
    [faults.hangUp(), "RegistryUnavailable"],
    [faults.endless(), "TooLarge"],
    [faults.gzipBomb(1), "Malformed"],
  ];
  const { registry, fetch } = await start(t, BEARER);
  for (const [behaviour, code] of answers) {
    registry.fault(/^\/token/, behaviour);
    t.match(await refusal(t, fetch("shop/web:v1", ALICE), code), /token/);
  }
});

t.test("no credential leaves for a token service elsewhere", async (t) => {
  const thief = await startRegistry({ auth: BEARER, address: "127.0.0.2" });
  t.teardown(() => thief.close());
  const realm = `${thief.url}/token`;
  const theft: Authentication = { kind: "bearer", accounts: ACCOUNTS, open: ["open/**"], realm };
  const world: World = { registries: { [thief.host]: LOOPBACK } };
  const { registry, fetch } = await start(t, theft, {}, world);
  for (const credential of [ALICE, { kind: "identity-token", token: IDENTITY } as const]) {
    const message = await refusal(t, fetch("shop/web:v1", credential), "Unauthorized");
    t.match(message, `registries: [{ host: "${registry.host}", tokenRealms: ["${thief.host}"] }]`);
  }
  t.equal(thief.requests.length, 0, "nothing was sent there");
  await refusal(t, fetch("open/x:v1"), "Unauthorized", "an anonymous token of its is worth nothing here");
  t.same(thief.requests.map(({ headers }) => headers.authorization), [undefined], "but may be asked for, without a credential");

  const listed = await start(t, theft, { tokenRealms: [thief.host] }, world);
  await refusal(t, listed.fetch("shop/web:v1", ALICE), "Unauthorized");
  t.equal(thief.requests.length, 2, "a listed token service is sent credentials");
  t.match(thief.requests[1]?.headers.authorization, /^Basic /);
});

t.test("a token service at another port of the registry's host", async (t) => {
  const { registry, fetch } = await start(t, { ...BEARER, listener: "separate" });
  t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
  t.equal(registry.count("token"), 1);
});

t.test("token services that may not be reached", async (t) => {
  for (const realm of ["http://127.0.0.9:1/token", "http://169.254.169.254/latest/api/token", "http://localhost:1/token", "http://rebound.example/token"]) {
    const { fetch } = await start(t, { kind: "bearer", accounts: ACCOUNTS, realm }, {}, { zone: { "rebound.example": ["127.0.0.1"] } });
    await refusal(t, fetch("open/x:v1"), "RegistryForbidden", realm);
  }
});

t.test("a registry with TLS cannot name a token service without", async (t) => {
  const authority = await createAuthority("registry authority");
  const plain = await startRegistry({ auth: BEARER });
  const realm = `${plain.url}/token`;
  const registry = await startRegistry({ auth: { kind: "bearer", accounts: ACCOUNTS, realm }, tls: await authority.issue({ ips: ["127.0.0.1"] }) });
  t.teardown(() => Promise.all([plain.close(), registry.close()]));
  const { client } = startClient(t, { registries: { [registry.host]: { allowPrivate: true, ca: authority.cert, tokenRealms: [plain.host] }, [plain.host]: LOOPBACK } });
  for (const credential of [ALICE, undefined]) {
    const { access, target } = ask(`${registry.host}/shop/web:v1`, credential);
    t.match(await refusal(t, client.fetchManifest(access, target, inTime()), "Unauthorized"), /token service without TLS/);
  }
  t.equal(plain.requests.length, 0);
});

t.test("no credential goes along a redirect to another host or port", async (t) => {
  for (const auth of [BASIC, BEARER]) {
    const thief = await startRegistry({ address: "127.0.0.2" });
    const neighbour = await startRegistry();
    t.teardown(() => Promise.all([thief.close(), neighbour.close()]));
    const { registry, fetch } = await start(t, auth, {}, { registries: { [thief.host]: LOOPBACK, [neighbour.host]: LOOPBACK } });
    await fetch("shop/web:v1", ALICE);
    for (const other of [thief, neighbour]) {
      push(other, "shop/web", imageManifest({ seed: "shop/web" }), "v1");
      registry.fault("/v2/shop/web/manifests/v1", faults.redirectTo(`${other.url}/v2/shop/web/manifests/v1`));
      t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" });
      t.same(other.requests.map(({ headers }) => headers.authorization), [undefined], `${auth.kind} to ${other.host}`);
    }
    registry.fault("/v2/shop/web/manifests/v1", faults.redirectTo("/v2/shop/api/manifests/v1"));
    registry.reset();
    if (auth.kind === "basic") t.match(await fetch("shop/web:v1", ALICE), { kind: "manifest" }, "it goes along on the registry itself");
    t.ok(registry.requests.every(({ headers }) => headers.authorization !== undefined));
    // There and back again.
    thief.fault("/v2/shop/web/manifests/v1", faults.redirectTo(`${registry.url}/v2/shop/api/manifests/v1`));
    registry.fault("/v2/shop/web/manifests/v1", faults.redirectTo(`${thief.url}/v2/shop/web/manifests/v1`));
    registry.reset();
    await refusal(t, fetch("shop/web:v1", ALICE), "Unauthorized", "what left without a credential comes back without");
    t.ok(registry.requests.filter(({ route }) => route.kind === "manifest" && route.repository === "shop/api").every(({ headers }) => headers.authorization === undefined));
  }
});

t.test("a token service's redirect takes no password along", async (t) => {
  const thief = await startRegistry({ auth: BEARER, address: "127.0.0.2" });
  t.teardown(() => thief.close());
  const { registry, fetch } = await start(t, BEARER, {}, { registries: { [thief.host]: LOOPBACK } });
  registry.fault(/^\/token/, ({ request, response }) => {
    faults.send(response, { status: 307, headers: { location: `${thief.url}${request.path}` }, body: Buffer.from("") });
  });
  await refusal(t, fetch("shop/web:v1", ALICE), "Unauthorized");
  t.same(thief.requests.map(({ headers }) => headers.authorization), [undefined]);
});

t.test("Docker Hub", async (t) => {
  const registry = await startRegistry({ auth: { kind: "bearer", accounts: { "robot$shop+gate": { password: PASSWORD, repositories: ["library/**"] } }, realm: "http://auth.docker.io/token" } });
  push(registry, "library/nginx", imageManifest(), "latest");
  const [hostname, port] = registry.host.split(":");
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    seen.push(`${url.origin} ${request.headers.authorization?.split(" ")[0] ?? "-"}`);
    httpRequest({ hostname, port, path: `${url.pathname}${url.search}`, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.teardown(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await registry.close();
  });
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { client, events } = startClient(t, { registries: { "docker.io": { plainHTTP: true } }, proxy: { http: url, https: "", none: "" } });
  const { access, target } = ask("nginx", ALICE);
  t.match(await client.fetchManifest(access, target, inTime()), { kind: "manifest" });
  t.same(seen, ["http://registry-1.docker.io -", "http://auth.docker.io Basic", "http://registry-1.docker.io Bearer"]);
  t.same(events, ["manifest docker.io 401", "token docker.io 200", "manifest docker.io 200"]);
});
