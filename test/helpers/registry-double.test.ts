import { once } from "node:events";
import { get } from "node:https";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { DOCKER_MANIFEST, MANIFEST_MEDIA_TYPES, OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { createAuthority, loopbackCertificate } from "./certificates.ts";
import { manualClock } from "./clock.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "./registry-double.ts";
import {
  after,
  answerWith,
  blockedByPolicy,
  claimLength,
  cutOff,
  endless,
  endlessPages,
  first,
  gzipBomb,
  hangUp,
  hold,
  redirectTo,
  withBody,
  withHeaders,
} from "./registry-faults.ts";

const ACCEPT = { accept: MANIFEST_MEDIA_TYPES.join(", ") };
const REPOSITORY = "shop/web";
const PATH = `/v2/${REPOSITORY}/manifests/v1`;
const MANIFEST = bytesOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: "text/plain" }, layers: [] });

function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

function basic(name: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}

async function start(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble & { readonly digest: Digest }> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  return { ...registry, digest: registry.push(REPOSITORY, MANIFEST, OCI_MANIFEST, "v1") };
}

function ask(registry: RegistryDouble, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${registry.url}${path}`, { headers: { ...ACCEPT, ...headers }, redirect: "manual" });
}

t.test("content as docker-registry serves it", async (t) => {
  const registry = await start(t);
  const { digest } = registry;
  const blob = registry.pushBlob(REPOSITORY, Buffer.from("a layer"));

  for (const target of ["v1", digest, encodeURIComponent(digest)]) {
    const answer = await ask(registry, `/v2/${REPOSITORY}/manifests/${target}`);
    t.equal(answer.status, 200, target);
    t.equal(answer.headers.get("content-type"), OCI_MANIFEST);
    t.equal(answer.headers.get("docker-content-digest"), digest);
    t.equal(answer.headers.get("etag"), `"${digest}"`);
    t.strictSame(new Uint8Array(await answer.arrayBuffer()), MANIFEST);
  }
  const head = await fetch(`${registry.url}${PATH}`, { method: "HEAD", headers: ACCEPT });
  t.equal(head.headers.get("content-length"), String(MANIFEST.length), "HEAD has the length of the body");
  t.equal(await head.text(), "");
  t.equal((await ask(registry, PATH, { "if-none-match": `"${digest}"` })).status, 304);
  const layer = await ask(registry, `/v2/${REPOSITORY}/blobs/${blob}`);
  t.equal(await layer.text(), "a layer");
  t.equal(layer.headers.get("docker-content-digest"), blob);
  t.equal((await ask(registry, "/v2/")).status, 200);

  const unknown: readonly [path: string, code: string][] = [
    [`/v2/${REPOSITORY}/manifests/v2`, "MANIFEST_UNKNOWN"],
    [`/v2/${REPOSITORY}/manifests/${computeDigest("sha256", Buffer.from("nothing"))}`, "MANIFEST_UNKNOWN"],
    [`/v2/other/web/manifests/v1`, "MANIFEST_UNKNOWN"],
    [`/v2/other/web/manifests/${digest}`, "MANIFEST_UNKNOWN"],
    [`/v2/other/web/blobs/${blob}`, "BLOB_UNKNOWN"],
  ];
  for (const [path, code] of unknown) {
    const answer = await ask(registry, path);
    t.equal(answer.status, 404, path);
    t.match(await answer.json(), { errors: [{ code }] });
  }
  t.match(await (await ask(registry, "/v2/..%zz")).text(), "404 page not found");
});

t.test("an accept header that lacks the stored type hides an OCI manifest", async (t) => {
  const registry = await start(t);
  for (const accept of ["*/*", OCI_INDEX, DOCKER_MANIFEST]) {
    const answer = await ask(registry, PATH, { accept });
    t.equal(answer.status, 404, accept);
    t.match(await answer.text(), "accept header does not support OCI manifests");
  }
  t.equal((await ask(registry, PATH, { accept: `${OCI_INDEX};q=0.5, ${OCI_MANIFEST};q=0.9` })).status, 200);
});

t.test("tags move, and content can be removed", async (t) => {
  const registry = await start(t);
  const bytes = bytesOf({ schemaVersion: 2, later: true });
  const later = registry.push(REPOSITORY, bytes, OCI_MANIFEST, "v1");
  t.equal((await ask(registry, PATH)).headers.get("docker-content-digest"), later);
  registry.push(REPOSITORY, MANIFEST, OCI_MANIFEST, "kept");
  registry.remove(REPOSITORY, later);
  registry.push(REPOSITORY, bytes, OCI_MANIFEST);
  t.equal((await ask(registry, PATH)).status, 404, "a manifest takes its tags along");
  t.equal((await ask(registry, `/v2/${REPOSITORY}/manifests/kept`)).status, 200, "but no others");
  registry.push(REPOSITORY, MANIFEST, OCI_MANIFEST, "v1");
  registry.remove(REPOSITORY, "v1");
  t.equal((await ask(registry, PATH)).status, 404);
  t.equal((await ask(registry, `/v2/${REPOSITORY}/manifests/${registry.digest}`)).status, 200, "a tag leaves its manifest");
});

t.test("referrers", async (t) => {
  const referrer = (subject: Digest, more: object) =>
    bytesOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: "application/x-config" }, ...more, subject: { digest: subject } });

  t.test("listed with the manifest's artifact type, else its config's, and its annotations", async (t) => {
    const registry = await start(t);
    const { digest } = registry;
    const plain = registry.push(REPOSITORY, referrer(digest, {}), OCI_MANIFEST);
    const typed = registry.push(REPOSITORY, referrer(digest, { artifactType: "application/x-typed", annotations: { a: "b" } }), OCI_MANIFEST);
    registry.push("other/web", referrer(digest, { elsewhere: true }), OCI_MANIFEST);
    registry.push(REPOSITORY, Buffer.from("not JSON"), OCI_MANIFEST);

    const answer = await ask(registry, `/v2/${REPOSITORY}/referrers/${digest}`);
    t.equal(answer.headers.get("content-type"), OCI_INDEX);
    t.equal(answer.headers.get("link"), null);
    const size = (pushed: Digest): number | undefined => registry.manifest(REPOSITORY, pushed)?.bytes.length;
    t.strictSame(await answer.json(), {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        { mediaType: OCI_MANIFEST, size: size(plain), digest: plain, artifactType: "application/x-config" },
        { mediaType: OCI_MANIFEST, size: size(typed), digest: typed, artifactType: "application/x-typed", annotations: { a: "b" } },
      ],
    });
    t.match(await (await ask(registry, `/v2/${REPOSITORY}/referrers/${plain}`)).json(), { manifests: [] });
    t.equal((await ask(registry, `/v2/${REPOSITORY}/referrers/sha256:zz`)).status, 400);
  });

  t.test("in pages, joined by Link", async (t) => {
    const registry = await start(t, { referrersPageSize: 2 });
    const pushed = [1, 2, 3, 4, 5].map((n) => registry.push(REPOSITORY, referrer(registry.digest, { n }), OCI_MANIFEST));
    const found: string[] = [];
    let path: string | undefined = `/v2/${REPOSITORY}/referrers/${registry.digest}`;
    while (path !== undefined) {
      const answer = await ask(registry, path);
      const page = (await answer.json()) as { manifests: readonly { digest: string }[] };
      found.push(...page.manifests.map(({ digest }) => digest));
      path = /^<(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    t.strictSame(found, pushed);
    t.equal(registry.count("referrers"), 3);
  });

  t.test("without the API: the 404 of an unknown route, before any login", async (t) => {
    const registry = await start(t, { referrers: false, auth: { kind: "basic", accounts: {} } });
    t.equal(registry.referrers, false);
    const answer = await ask(registry, `/v2/${REPOSITORY}/referrers/${registry.digest}`);
    t.equal(answer.status, 404);
    t.match(answer.headers.get("content-type"), "text/plain");
    t.equal(await answer.text(), "404 page not found\n");
  });
});

t.test("basic authentication", async (t) => {
  const accounts = { ann: { password: "pass:word", repositories: ["shop/**"] }, bob: { password: "b", repositories: ["shop/webs"] } };
  const registry = await start(t, { auth: { kind: "basic", accounts } });
  t.equal((await ask(registry, PATH)).headers.get("www-authenticate"), 'Basic realm="basic-realm"');
  t.equal((await ask(registry, PATH)).status, 401);
  t.equal((await ask(registry, PATH, basic("ann", "pass"))).status, 401);
  t.equal((await ask(registry, PATH, basic("constructor", ""))).status, 401);
  t.equal((await ask(registry, PATH, basic("ann", "pass:word"))).status, 200);
  t.equal((await ask(registry, PATH, basic("bob", "b"))).status, 403, "a right to another repository");
});

t.test("bearer tokens", async (t) => {
  const accounts = { ann: { password: "secret", repositories: ["shop/**"], identityToken: "refresh" } };
  const scope = `repository:${REPOSITORY}:pull`;
  const tokenPath = (path = "/token", asked = scope) => `${path}?service=registry.test&scope=${encodeURIComponent(asked)}`;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const tokenOf = async (answer: Response) => ((await answer.json()) as { token: string }).token;

  t.test("as docker-registry", async (t) => {
    const clock = manualClock();
    const registry = await start(t, { clock, auth: { kind: "bearer", accounts, expiresIn: 60 } });
    const challenge = `Bearer realm="${registry.url}/token",service="registry.test",scope="${scope}"`;
    t.equal((await ask(registry, PATH)).headers.get("www-authenticate"), challenge);
    t.equal((await ask(registry, "/v2/")).headers.get("www-authenticate"), `Bearer realm="${registry.url}/token",service="registry.test"`);
    t.equal((await ask(registry, PATH, basic("ann", "secret"))).headers.get("www-authenticate"), challenge, "a password is not a token");
    t.equal((await ask(registry, tokenPath(), basic("ann", "wrong"))).status, 401);
    t.equal((await ask(registry, "/token?service=other")).status, 400);

    const answer = await ask(registry, tokenPath(), basic("ann", "secret"));
    const body = (await answer.json()) as { token: string; access_token: string; expires_in: number; issued_at: string };
    t.equal(body.access_token, body.token);
    t.equal(body.expires_in, 60);
    t.equal(body.issued_at, "2026-11-23T17:00:00.000Z");
    t.equal((await ask(registry, PATH, bearer(body.token))).status, 200);
    clock.advance(59_999);
    t.equal((await ask(registry, PATH, bearer(body.token))).status, 200);
    clock.advance(1);
    t.equal((await ask(registry, PATH, bearer(body.token))).headers.get("www-authenticate"), `${challenge},error="invalid_token"`);

    const anonymous = await tokenOf(await ask(registry, tokenPath()));
    t.equal((await ask(registry, PATH, bearer(anonymous))).headers.get("www-authenticate"), `${challenge},error="insufficient_scope"`);
    const other = await tokenOf(await ask(registry, tokenPath("/token", "repository:shop/api:pull"), basic("ann", "secret")));
    t.equal((await ask(registry, PATH, bearer(other))).status, 401, "a token opens what it was asked for");
    const revoked = await tokenOf(await ask(registry, tokenPath(), basic("ann", "secret")));
    registry.revokeTokens();
    t.equal((await ask(registry, PATH, bearer(revoked))).status, 401);
  });

  t.test("by refresh token", async (t) => {
    const registry = await start(t, { auth: { kind: "bearer", accounts } });
    const post = (refresh: string) => {
      const body = new URLSearchParams({ grant_type: "refresh_token", service: "registry.test", scope, refresh_token: refresh });
      return fetch(`${registry.url}/token`, { method: "POST", body });
    };
    t.equal((await post("wrong")).status, 401);
    t.equal((await ask(registry, PATH, bearer(await tokenOf(await post("refresh"))))).status, 200);
  });

  t.test("anybody's repositories, a listener of its own, a realm at will", async (t) => {
    const registry = await start(t, { auth: { kind: "bearer", accounts, open: [REPOSITORY], listener: "separate" } });
    const realm = /realm="(.+?)"/.exec((await ask(registry, PATH)).headers.get("www-authenticate") ?? "")?.[1] ?? "";
    t.not(new URL(realm).host, registry.host);
    const anonymous = await tokenOf(await fetch(`${realm}?service=registry.test&scope=${scope}`));
    t.equal((await ask(registry, PATH, bearer(anonymous))).status, 200);
    t.equal(registry.count("token"), 1, "recorded with the rest");

    const hostile = await start(t, { auth: { kind: "bearer", accounts, realm: "https://thief.example/token" } });
    t.match((await ask(hostile, PATH)).headers.get("www-authenticate"), 'realm="https://thief.example/token"');
  });

  t.test("as Harbor", async (t) => {
    const registry = await start(t, { auth: { kind: "bearer", accounts, style: "harbor" } });
    const token = (headers = {}) => ask(registry, tokenPath("/service/token"), headers);
    t.match((await ask(registry, PATH)).headers.get("www-authenticate"), `Bearer realm="${registry.url}/service/token"`);
    t.match(await (await token(basic("ann", "secret"))).json(), { token: /./, access_token: "" });
    t.equal((await ask(registry, PATH, bearer(await tokenOf(await token(basic("ann", "secret")))))).status, 200);
    for (const headers of [{}, basic("ann", "wrong")]) {
      const answer = await token(headers);
      t.equal(answer.status, 200, "the token service never says 401");
      const refused = await ask(registry, PATH, bearer(await tokenOf(answer)));
      t.equal(refused.status, 401);
      t.equal(refused.headers.get("www-authenticate"), 'Basic realm="harbor"');
    }
    t.equal((await ask(registry, PATH, basic("ann", "secret"))).status, 200, "Basic works directly");
    t.equal((await ask(registry, PATH, basic("ann", "wrong"))).headers.get("www-authenticate"), 'Basic realm="harbor"');
  });
});

t.test("requests are recorded until they are forgotten", async (t) => {
  const registry = await start(t);
  await ask(registry, PATH, { "x-test": "1" });
  await ask(registry, `/v2/${REPOSITORY}/blobs/${registry.digest}?a=b`);
  t.strictSame(registry.requestLines(), [`GET ${PATH}`, `GET /v2/${REPOSITORY}/blobs/${registry.digest}?a=b`]);
  t.equal(registry.count("manifest"), 1);
  t.match(registry.requests[0], { method: "GET", headers: { "x-test": "1" }, route: { repository: REPOSITORY, target: "v1" } });
  registry.reset();
  t.strictSame(registry.requests, []);
});

t.test("over TLS", async (t) => {
  const { cert, key, ca } = await loopbackCertificate();
  const registry = await start(t, { tls: { cert, key }, auth: { kind: "bearer", accounts: {} } });
  t.match(registry.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const [answer] = await once(get(`${registry.url}${PATH}`, { ca, headers: ACCEPT, agent: false }), "response");
  answer.resume();
  t.equal(answer.statusCode, 401);
  t.match(answer.headers["www-authenticate"], `realm="${registry.url}/token"`);
  const stranger = await createAuthority("stranger");
  await t.rejects(once(get(`${registry.url}${PATH}`, { ca: stranger.cert, agent: false }), "response"), { code: /^UNABLE_TO_VERIFY/ });
});

t.test("another loopback address is another host", async (t) => {
  const registry = await start(t, { address: "127.0.0.2" });
  t.match(registry.host, /^127\.0\.0\.2:\d+$/);
  t.equal((await ask(registry, PATH)).status, 200);
});

t.test("faults", async (t) => {
  const registry = await start(t);
  t.afterEach(() => registry.heal());

  t.test("a status, headers and a body", async (t) => {
    registry.fault("/manifests/v1", answerWith(429, { "retry-after": "7" }, "slow down"));
    const answer = await ask(registry, PATH);
    t.equal(answer.status, 429);
    t.equal(answer.headers.get("retry-after"), "7");
    t.equal(await answer.text(), "slow down");
    t.equal((await ask(registry, `/v2/${REPOSITORY}/manifests/${registry.digest}`)).status, 200, "elsewhere all is well");
    registry.fault(/manifests/, answerWith(500));
    t.equal((await ask(registry, PATH)).status, 500, "the latest fault wins");
    registry.heal();
    registry.fault(({ route }) => route.kind === "manifest", redirectTo("http://elsewhere.example/"));
    t.equal((await ask(registry, PATH)).headers.get("location"), "http://elsewhere.example/");
    registry.fault(PATH, blockedByPolicy());
    t.equal((await ask(registry, PATH)).status, 412);
  });

  t.test("for some of the requests", async (t) => {
    registry.fault(PATH, first(2, answerWith(503)));
    t.strictSame([(await ask(registry, PATH)).status, (await ask(registry, PATH)).status, (await ask(registry, PATH)).status], [503, 503, 200]);
    registry.fault(PATH, after(1, withBody("other bytes")));
    t.strictSame(new Uint8Array(await (await ask(registry, PATH)).arrayBuffer()), MANIFEST);
    const changed = await ask(registry, PATH);
    t.equal(await changed.text(), "other bytes");
    t.equal(changed.headers.get("docker-content-digest"), registry.digest);
  });

  t.test("lies in the headers", async (t) => {
    registry.fault(PATH, withHeaders({ "docker-content-digest": `sha256:${"0".repeat(64)}`, etag: "" }));
    const answer = await ask(registry, PATH);
    t.equal(answer.headers.get("docker-content-digest"), `sha256:${"0".repeat(64)}`);
    t.equal(answer.headers.get("etag"), null);
    t.strictSame(new Uint8Array(await answer.arrayBuffer()), MANIFEST);
  });

  t.test("connections that break", async (t) => {
    registry.fault(PATH, cutOff());
    const cut = await ask(registry, PATH);
    t.equal(cut.headers.get("content-length"), String(MANIFEST.length));
    await t.rejects(cut.text());
    registry.fault(PATH, hangUp());
    await t.rejects(ask(registry, PATH));
  });

  t.test("bodies without an end", async (t) => {
    registry.fault(PATH, endless());
    let taken = 0;
    for await (const chunk of (await ask(registry, PATH)).body ?? []) {
      taken += (chunk as Uint8Array).length;
      if (taken > 10_000_000) break;
    }
    t.ok(taken > 10_000_000);
    registry.fault(PATH, claimLength(1_000_000));
    const stalled = await ask(registry, PATH);
    t.equal(stalled.headers.get("content-length"), "1000000");
    const chunk = await stalled.body?.getReader().read();
    t.equal(chunk?.value?.length, MANIFEST.length);
  });

  t.test("a body that unpacks to much more", async (t) => {
    registry.fault(PATH, gzipBomb(8));
    const answer = await ask(registry, PATH);
    t.ok(Number(answer.headers.get("content-length")) < 20_000);
    t.equal((await answer.arrayBuffer()).byteLength, 8 * 1_048_576);
  });

  t.test("pages without an end", async (t) => {
    registry.fault(/referrers/, endlessPages());
    const path = `/v2/${REPOSITORY}/referrers/${registry.digest}`;
    t.equal((await ask(registry, path)).headers.get("link"), `<${path}?n=1&last=1>; rel="next"`);
    t.equal((await ask(registry, `${path}?n=1&last=1`)).headers.get("link"), `<${path}?n=1&last=2>; rel="next"`);
  });

  t.test("no answer until the test says so", async (t) => {
    const held = hold();
    registry.fault(PATH, held.behaviour);
    const abort = new AbortController();
    const given = fetch(`${registry.url}${PATH}`, { headers: ACCEPT, signal: abort.signal });
    await held.reached;
    let answered = false;
    const patient = ask(registry, PATH).finally(() => {
      answered = true;
    });
    abort.abort();
    await t.rejects(given);
    await ask(registry, "/v2/");
    t.notOk(answered, "others are served meanwhile");
    held.release();
    t.equal((await patient).status, 200);
    t.equal((await ask(registry, PATH)).status, 200);
  });

  t.test("the door comes first", async (t) => {
    const guarded = await start(t, { auth: { kind: "basic", accounts: { ann: { password: "a", repositories: ["**"] } } } });
    guarded.fault(PATH, answerWith(503));
    t.equal((await ask(guarded, PATH)).status, 401);
    t.equal((await ask(guarded, PATH, basic("ann", "a"))).status, 503);
  });
});

t.test("close ends what is still open", async (t) => {
  const registry = await startRegistry();
  registry.fault("/", hold().behaviour);
  const idle = connect({ port: Number(new URL(registry.url).port), host: "127.0.0.1" });
  await once(idle, "connect");
  const waiting = t.rejects(fetch(registry.url));
  await registry.close();
  await waiting;
  idle.resume();
  if (!idle.closed) await once(idle, "close");
  await registry.close();
  t.equal(await text(idle), "");
});
