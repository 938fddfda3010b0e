import { once } from "node:events";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { request as httpRequest } from "node:http";
import { connect as connectPlain } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";

import type { AdmissionInput } from "../../../src/admission/admit.ts";
import type { AdmissionAnswer } from "../../../src/admission/response.ts";
import { CertificateError } from "../../../src/adapters/server/certificate.ts";
import { certificateFiles } from "../../../src/adapters/server/certificate-source.ts";
import { parseDuration } from "../../../src/adapters/server/duration.ts";
import { type ServerOptions, WebhookServer } from "../../../src/adapters/server/server.ts";
import { createAuthority, type KeyPair } from "../../helpers/certificates.ts";
import { manualClock } from "../../helpers/clock.ts";

const MIB = 1024 * 1024;
const authority = await createAuthority("test authority");
const LOOPBACK = { ips: ["127.0.0.1"] };
const serving = await authority.issue(LOOPBACK);
const ALLOW: AdmissionAnswer = { status: 200, body: { kind: "AdmissionReview" } };

interface Fixture {
  readonly server: WebhookServer;
  readonly port: number;
  readonly metricsPort: number;
  readonly dir: string;
  readonly seen: AdmissionInput[];
  readonly events: string[];
}

interface Setup {
  readonly admit?: (request: AdmissionInput) => Promise<AdmissionAnswer>;
  readonly clientCA?: string;
  readonly graceMs?: number;
  readonly patience?: ServerOptions["patience"];
}

async function start(t: Test, setup: Setup = {}): Promise<Fixture> {
  const dir = t.testdir({ "tls.crt": serving.cert, "tls.key": serving.key, "ca.crt": setup.clientCA ?? "" });
  const seen: AdmissionInput[] = [];
  const events: string[] = [];
  const server = await WebhookServer.build({
    listen: { host: "127.0.0.1", port: 0 },
    metricsListen: { host: "127.0.0.1", port: 0 },
    certificate: certificateFiles({
      certFile: `${dir}/tls.crt`,
      keyFile: `${dir}/tls.key`,
      clientCAFile: setup.clientCA === undefined ? undefined : `${dir}/ca.crt`,
    }),
    reviewer: {
      async admit(request) {
        seen.push(request);
        return setup.admit === undefined ? ALLOW : setup.admit(request);
      },
    },
    metrics: { contentType: "text/plain; version=0.0.4", render: async () => "up 1\n" },
    clock: manualClock(1000),
    graceMs: setup.graceMs ?? 30_000,
    observer: {
      refused: ({ status }) => events.push(`refused ${status}`),
      handshakeFailed: () => events.push("handshake failed"),
      certificateLoaded: () => events.push("loaded"),
      certificateKept: ({ code }) => events.push(`kept ${code}`),
    },
    ...(setup.patience === undefined ? {} : { patience: setup.patience }),
  });
  const addresses = await server.listen();
  t.teardown(() => server.close());
  return { server, port: addresses.webhook.port, metricsPort: addresses.metrics?.port ?? 0, dir, seen, events };
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  readonly json: { readonly kind?: string; readonly reason?: string; readonly code?: number; readonly message?: string };
}

async function call(port: number, options: Omit<RequestOptions, "agent"> & { readonly agent?: Agent }, body?: string | Buffer): Promise<Answer> {
  // The API server keeps its connections as well.
  const agent = options.agent ?? new Agent({ keepAlive: true });
  const request = httpsRequest({ host: "127.0.0.1", port, ca: authority.cert, ...options, agent });
  request.end(body);
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  if (options.agent === undefined) agent.destroy();
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, text, json: text.startsWith("{") ? JSON.parse(text) : {} };
}

const JSON_TYPE = { "content-type": "application/json" };

function post(port: number, path: string, body: string | Buffer = "{}", headers: NodeJS.Dict<string> = JSON_TYPE): Promise<Answer> {
  return call(port, { method: "POST", path, headers }, body);
}

t.test("a review reaches the reviewer as bytes, with its entry, its time and its budget", async (t) => {
  const { port, seen } = await start(t);
  const body = Buffer.from('{"name":"\u00fc"}');
  for (const [path, entry, timeoutMs] of [
    ["/validate", "validate", undefined],
    ["/validate/enforce?timeout=10s", "enforce", 10_000],
    ["/validate/templates?timeout=1m30s", "templates", 90_000],
    ["/validate/observe-warn?timeout=500ms", "observe-warn", 500],
    ["/validate/observe-audit?timeout=soon", "observe-audit", undefined],
    ["/validate/namespaces?timeout=-3s", "namespaces", undefined],
    ["/validate/policies", "policies", undefined],
    ["/validate/enforce?timeout=1s&timeout=2s", "enforce", undefined],
  ] as const) {
    const answer = await post(port, path, body);
    t.match(answer, { status: 200, json: ALLOW.body }, path);
    t.match(answer.headers, { "content-type": /^application\/json/ });
    const request = seen.pop();
    t.equal(request?.entry, entry);
    t.equal(request?.timeoutMs, timeoutMs);
    t.equal(request?.receivedAt, 1000);
    t.same(Buffer.from(request?.body ?? []), body);
    t.equal(request?.contentType, "application/json");
    t.equal(request?.signal.aborted, false);
  }
});

t.test("an answer's status and body are the reviewer's", async (t) => {
  const { port } = await start(t, { admit: async () => ({ status: 429, body: { kind: "Status" } }) });
  t.match(await post(port, "/validate"), { status: 429, json: { kind: "Status" } });
});

t.test("whatever is no review is refused with a Status and never reaches the reviewer", async (t) => {
  const { port, seen } = await start(t);
  const long = Buffer.alloc(8 * MIB + 1, 0x20);
  const cases: readonly (readonly [string, Promise<Answer>, number, string])[] = [
    ["too large", post(port, "/validate", long), 413, "RequestEntityTooLarge"],
    ["too large, unannounced", post(port, "/validate", long, { ...JSON_TYPE, "transfer-encoding": "chunked" }), 413, "RequestEntityTooLarge"],
    ["another type", post(port, "/validate", "{}", { "content-type": "text/plain" }), 415, "UnsupportedMediaType"],
    ["a longer type", post(port, "/validate", "{}", { "content-type": "application/jsonx" }), 415, "UnsupportedMediaType"],
    ["no type", post(port, "/validate", "{}", {}), 415, "UnsupportedMediaType"],
    ["two types", post(port, "/validate", "{}", { "content-type": "application/json, text/plain" }), 415, "UnsupportedMediaType"],
    ["nonsense for a type", post(port, "/validate", "{}", { "content-type": "\u00e9" }), 415, "UnsupportedMediaType"],
    ["compressed", post(port, "/validate", "{}", { ...JSON_TYPE, "content-encoding": "gzip" }), 415, "UnsupportedMediaType"],
    ["no body and no type", post(port, "/validate", "", {}), 400, "BadRequest"],
    ["a GET", call(port, { path: "/validate/enforce" }), 405, "MethodNotAllowed"],
    ["a PUT", call(port, { method: "PUT", path: "/validate", headers: JSON_TYPE }, "{}"), 405, "MethodNotAllowed"],
    ["another path", post(port, "/validate/everything"), 404, "NotFound"],
    ["a longer path", post(port, "/validate/enforce/"), 404, "NotFound"],
    ["a path in capitals", post(port, "/Validate"), 404, "NotFound"],
    ["a bad escape", post(port, "/validate/%zz"), 400, "BadRequest"],
  ];
  for (const [name, answer, status, reason] of cases) {
    const { json, ...rest } = await answer;
    t.match({ ...rest, json }, { status, json: { kind: "Status", code: status, reason } }, name);
    t.not(rest.text.includes("allowed"), true);
  }
  t.not((await post(port, "/validate", long)).headers.connection, "close", "nobody hangs up on a client that still sends");
  t.match(await post(port, "/validate", Buffer.alloc(8 * MIB, 0x20)), { status: 200 }, "8 MiB is not too large");
  t.match(await post(port, "/validate", "{}", { "content-type": "application/json; charset=utf-8" }), { status: 200 });
  t.match(await post(port, "/validate", "{}", { ...JSON_TYPE, "content-encoding": "identity" }), { status: 200 });
  t.match(await post(port, "/validate", "", JSON_TYPE), { status: 200 }, "an empty document is the reviewer's to refuse");
  t.equal(seen.length, 4);
});

t.test("a reviewer that throws is no allow, and its error stays in the house", async (t) => {
  const { port, events } = await start(t, { admit: () => Promise.reject(new Error("the secret of the house")) });
  const answer = await post(port, "/validate");
  t.match(answer, { status: 500, json: { kind: "Status", reason: "InternalError" } });
  t.not(answer.text.includes("secret"), true);
  t.same(events, ["loaded", "refused 500"]);
});

async function rawExchange(socket: TLSSocket, text: string): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  if (text !== "") socket.write(text);
  await once(socket, "close");
  return Buffer.concat(chunks).toString();
}

async function open(port: number): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca: authority.cert });
  await once(socket, "secureConnect");
  return socket;
}

t.test("bytes that are no request get a Status and lose their connection", async (t) => {
  const { port, seen } = await start(t);
  t.match(await rawExchange(await open(port), "garbage\r\n\r\n"), /^HTTP\/1\.1 400 [^]*"kind":"Status"/);
  const big = `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(32_768)}\r\n\r\n`;
  t.match(await rawExchange(await open(port), big), /^HTTP\/1\.1 431 [^]*"kind":"Status"/);
  t.same(seen, []);
});

t.test("clients that are too slow get a Status and lose their connection", async (t) => {
  const { port, seen } = await start(t, { patience: { handshakeMs: 30_000, headersMs: 200, requestMs: 400 } });
  const head = "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
  t.match(await rawExchange(await open(port), head), /^HTTP\/1\.1 408 [^]*"reason":"Timeout"/, "headers that never end");
  t.match(await rawExchange(await open(port), `${head}content-length: 100\r\n\r\n{`), /^HTTP\/1\.1 408 /, "a body that never ends");
  t.match(await rawExchange(await open(port), ""), /^(HTTP\/1\.1 408 [^]*)?$/, "a connection that never speaks");
  t.same(seen, []);
});

t.test("a handshake that never begins is cut", async (t) => {
  const { port, events } = await start(t, { patience: { handshakeMs: 100, headersMs: 5_000, requestMs: 5_000 } });
  const silent = connectPlain(port, "127.0.0.1");
  silent.on("error", () => {});
  silent.resume();
  await once(silent, "close");
  t.same(events, ["loaded", "handshake failed"]);
});

t.test("older TLS and plain text are refused", async (t) => {
  const { port } = await start(t);
  await t.rejects(call(port, { path: "/livez", maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }));
  await t.resolves(call(port, { path: "/livez", maxVersion: "TLSv1.2" }));
  const plain = connectPlain(port, "127.0.0.1");
  plain.on("error", () => {});
  plain.write("POST /validate HTTP/1.1\r\nhost: x\r\n\r\n");
  plain.resume();
  await once(plain, "close");
  await t.rejects(call(port, { path: "/livez", ca: serving.cert }), "a client that trusts another authority goes away");
});

t.test("the request's signal aborts when its client goes away, and not when it has its answer", async (t) => {
  const arrived = Promise.withResolvers<AdmissionInput>();
  const { port, seen } = await start(t, {
    async admit(request) {
      if (request.entry === "validate") return ALLOW;
      arrived.resolve(request);
      await once(request.signal, "abort");
      return ALLOW;
    },
  });
  const request = httpsRequest({ host: "127.0.0.1", port, ca: authority.cert, agent: false, method: "POST", path: "/validate/enforce", headers: JSON_TYPE });
  request.on("error", () => {});
  request.end("{}");
  const { signal } = await arrived.promise;
  const aborted = once(signal, "abort");
  request.destroy();
  await aborted;
  t.equal(signal.aborted, true);
  await post(port, "/validate");
  t.equal(seen[1]?.signal.aborted, false);
});

t.test("probes follow the life of the process; reviews are judged throughout", async (t) => {
  const { server, port } = await start(t);
  t.match(await call(port, { path: "/livez" }), { status: 200, text: "ok\n" });
  t.match(await call(port, { path: "/readyz" }), { status: 503, text: "starting\n" });
  server.readiness.becomeReady();
  t.match(await call(port, { path: "/readyz?verbose" }), { status: 200, text: "ok\n" });
  t.match(await post(port, "/validate", "{}", { ...JSON_TYPE, connection: "keep-alive" }), { headers: { connection: "keep-alive" } });
  server.drain();
  t.match(await call(port, { path: "/readyz" }), { status: 503, text: "draining\n" });
  t.match(await call(port, { path: "/livez" }), { status: 200 });
  t.match(await post(port, "/validate", "{}", { ...JSON_TYPE, connection: "keep-alive" }), { status: 200, headers: { connection: "close" } });
  server.readiness.becomeReady();
  t.equal(server.readiness.state, "draining");
});

t.test("closing finishes the requests under way and refuses new connections", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { server, port, metricsPort } = await start(t, {
    async admit() {
      arrived.resolve();
      await release.promise;
      return ALLOW;
    },
  });
  const agent = new Agent({ keepAlive: true });
  await call(port, { path: "/livez", agent });
  const [idle] = Object.values(agent.freeSockets).flat();
  t.ok(idle);
  const answer = call(port, { method: "POST", path: "/validate", headers: JSON_TYPE }, "{}");
  await arrived.promise;
  const idleClosed = idle && once(idle, "close");
  const closed = server.close();
  await idleClosed;
  await t.rejects(call(port, { path: "/livez" }), { code: "ECONNREFUSED" });
  release.resolve();
  t.match(await answer, { status: 200, json: ALLOW.body });
  await closed;
  agent.destroy();
  await t.rejects(once(httpRequest({ port: metricsPort, host: "127.0.0.1" }).end(), "response"), { code: "ECONNREFUSED" });
});

t.test("a request on a connection that was opened before the end is judged, not turned away", async (t) => {
  const { server, port } = await start(t);
  const socket = await open(port);
  const closed = server.close();
  const answer = rawExchange(socket, "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
  t.match(await answer, /^HTTP\/1\.1 200 [^]*connection: close[^]*AdmissionReview/i);
  await closed;
});

t.test("closing does not wait for ever", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const { server, port } = await start(t, {
    graceMs: 50,
    admit() {
      arrived.resolve();
      return new Promise(() => {});
    },
  });
  const answer = post(port, "/validate");
  await arrived.promise;
  await Promise.all([t.rejects(answer, { code: "ECONNRESET" }), server.close()]);
});

t.test("a required client certificate guards the reviews alone", async (t) => {
  const callers = await createAuthority("callers");
  const { port, seen } = await start(t, { clientCA: callers.cert });
  const apiServer = await callers.issue({ name: "kube-apiserver", use: "client" });
  const stranger = await authority.issue({ name: "kube-apiserver", use: "client" });
  const expired = await callers.issue({ use: "client", notAfter: new Date(Date.now() - 60_000) });
  const servers = await callers.issue({ use: "server" });
  const as = (pair: Partial<KeyPair>, path = "/validate/enforce") =>
    call(port, { method: path === "/livez" ? "GET" : "POST", path, headers: JSON_TYPE, ...pair }, path === "/livez" ? undefined : "{}");
  t.match(await as(apiServer), { status: 200 });
  for (const [name, pair] of Object.entries({ none: {}, stranger, expired, servers })) {
    t.match(await as(pair), { status: 403, json: { kind: "Status", reason: "Forbidden" } }, name);
    t.match(await as(pair, "/livez"), { status: 200 }, `a probe, ${name}`);
  }
  t.equal(seen.length, 1);
});

function fingerprint(port: number): Promise<string> {
  return open(port).then((socket) => {
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  });
}

t.test("changed certificate files are served to new connections, and a bad pair never is", async (t) => {
  const { server, port, dir, events } = await start(t);
  const first = await fingerprint(port);
  const next = await authority.issue(LOOPBACK);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
  t.match(await call(port, { path: "/livez", agent }), { status: 200 });

  t.equal(await server.checkCertificate(), "unchanged");
  writeFileSync(`${dir}/tls.crt`, next.cert);
  t.equal(await server.checkCertificate(), "kept", "the certificate is new and the key is not");
  t.equal(await server.checkCertificate(), "unchanged", "and that is said once");
  t.equal(await fingerprint(port), first);
  writeFileSync(`${dir}/tls.key`, next.key.slice(0, 40));
  t.equal(await server.checkCertificate(), "kept", "half a key");
  writeFileSync(`${dir}/tls.key`, next.key);
  t.equal(await server.checkCertificate(), "loaded");
  const second = await fingerprint(port);
  t.not(second, first);

  writeFileSync(`${dir}/tls.crt`, `${next.cert}\n-----BEGIN CERTIFICATE-----\nMIIB`);
  t.equal(await server.checkCertificate(), "kept", "half a chain");
  renameSync(`${dir}/tls.key`, `${dir}/gone`);
  t.equal(await server.checkCertificate(), "kept");
  t.equal(await server.checkCertificate(), "kept");
  t.equal(await fingerprint(port), second);
  t.match(await call(port, { path: "/livez", agent }), { status: 200 }, "the old connection lives on");
  agent.destroy();
  // A connection that is cut before its handshake is over counts as a failed one.
  t.same(events.filter((event) => event !== "handshake failed"), ["loaded", "kept Mismatch", "kept Malformed", "loaded", "kept Malformed", "kept Unreadable"]);
});

t.test("the swap of a mounted Secret is seen, under load, without a dropped request", async (t) => {
  const dir = t.testdir({});
  const mount = (name: string, pair: KeyPair): void => {
    mkdirSync(`${dir}/${name}`);
    writeFileSync(`${dir}/${name}/tls.crt`, pair.cert);
    writeFileSync(`${dir}/${name}/tls.key`, pair.key);
    symlinkSync(name, `${dir}/..data_tmp`);
    renameSync(`${dir}/..data_tmp`, `${dir}/..data`);
  };
  mount("..1", serving);
  symlinkSync("..data/tls.crt", `${dir}/tls.crt`);
  symlinkSync("..data/tls.key", `${dir}/tls.key`);
  const server = await WebhookServer.build({
    listen: { host: "127.0.0.1", port: 0 },
    metricsListen: undefined,
    certificate: certificateFiles({ certFile: `${dir}/tls.crt`, keyFile: `${dir}/tls.key`, clientCAFile: undefined }),
    reviewer: { admit: async () => ALLOW },
    metrics: { contentType: "text/plain", render: async () => "" },
    clock: manualClock(),
    graceMs: 30_000,
    observer: { refused() {}, handshakeFailed() {}, certificateLoaded() {}, certificateKept() {} },
  });
  const { webhook } = await server.listen();
  t.teardown(() => server.close());
  const seen = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const requests = Array.from({ length: 10 }, () => post(webhook.port, "/validate"));
    mount(`..${round + 2}`, await authority.issue(LOOPBACK));
    const outcome = server.checkCertificate();
    requests.push(...Array.from({ length: 10 }, () => post(webhook.port, "/validate")));
    t.equal(await outcome, "loaded");
    for (const answer of await Promise.all(requests)) t.equal(answer.status, 200);
    seen.add(await fingerprint(webhook.port));
  }
  t.equal(seen.size, 4);
});

t.test("a new client authority counts for new connections", async (t) => {
  const [before, after] = [await createAuthority("before"), await createAuthority("after")];
  const { server, port, dir } = await start(t, { clientCA: before.cert });
  const [old, young] = [await before.issue({ use: "client" }), await after.issue({ use: "client" })];
  const status = (pair: KeyPair) => call(port, { method: "POST", path: "/validate", headers: JSON_TYPE, ...pair }, "{}").then((answer) => answer.status);
  t.same([await status(old), await status(young)], [200, 403]);
  writeFileSync(`${dir}/ca.crt`, "");
  t.equal(await server.checkCertificate(), "kept", "no authority at all would mean the public ones");
  t.same([await status(old), await status(young)], [200, 403]);
  writeFileSync(`${dir}/ca.crt`, after.cert);
  t.equal(await server.checkCertificate(), "loaded");
  t.same([await status(old), await status(young)], [403, 200]);
});

t.test("there is no start without a certificate, and the message says which file", async (t) => {
  const dir = t.testdir({ "tls.crt": serving.cert, "tls.key": serving.key, "not.pem": "hello", "other.key": (await authority.issue()).key });
  const build = ([certFile, keyFile, clientCAFile]: readonly string[]) =>
    WebhookServer.build({
      listen: { host: "127.0.0.1", port: 0 },
      metricsListen: undefined,
      certificate: certificateFiles({ certFile: `${dir}/${certFile}`, keyFile: `${dir}/${keyFile}`, clientCAFile: clientCAFile && `${dir}/${clientCAFile}` }),
      reviewer: { admit: async () => ALLOW },
      metrics: { contentType: "text/plain", render: async () => "" },
      clock: manualClock(),
      graceMs: 30_000,
      observer: { refused() {}, handshakeFailed() {}, certificateLoaded() {}, certificateKept() {} },
    });
  for (const [args, code, words] of [
    [["absent.crt", "tls.key"], "Unreadable", /absent\.crt cannot be read \(ENOENT\)/],
    [["tls.crt", "absent.key"], "Unreadable", /absent\.key cannot be read/],
    [["not.pem", "tls.key"], "Malformed", /not\.pem does not begin with a PEM certificate/],
    [["tls.crt", "not.pem"], "Malformed", /not\.pem is not a PEM private key/],
    [["tls.crt", "other.key"], "Mismatch", /other\.key is not that of the certificate in .*tls\.crt/],
    [["tls.crt", "tls.key", "not.pem"], "Malformed", /not\.pem holds no PEM certificate/],
  ] as const) {
    const error = await build(args).catch((thrown: unknown) => thrown);
    t.ok(error instanceof CertificateError);
    t.match(error, { code, message: words });
  }
});

t.test("metrics have a plain listener of their own", async (t) => {
  const { port, metricsPort } = await start(t);
  const get = async (path: string, method = "GET") => {
    const [response] = await once(httpRequest({ host: "127.0.0.1", port: metricsPort, path, method }).end(), "response");
    let text = "";
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, type: response.headers["content-type"], text };
  };
  t.match(await get("/metrics"), { status: 200, type: "text/plain; version=0.0.4", text: "up 1\n" });
  t.match(await get("/metrics?x=1"), { status: 200 });
  t.match(await get("/"), { status: 404 });
  t.match(await get("/metrics", "POST"), { status: 405 });
  t.match(await call(port, { path: "/metrics" }), { status: 404 });
});

t.test("Go's durations", async (t) => {
  for (const [text, milliseconds] of [
    ["10s", 10_000], ["1.5h", 5_400_000], ["1m30s", 90_000], ["300ms", 300], ["2us", 0.002], ["2µs", 0.002], [".5s", 500], ["1.s", 1000],
    ["0s", undefined], ["", undefined], ["10", undefined], ["s", undefined], ["-1s", undefined], ["+1s", undefined], ["1 s", undefined], ["1s ", undefined],
    ["x1s", undefined], ["1s2", undefined], ["1d", undefined], ["1e3s", undefined], [".s", undefined], ["9".repeat(400) + "s", undefined],
  ] as const) {
    t.equal(parseDuration(text), milliseconds, text.slice(0, 20));
  }
});
