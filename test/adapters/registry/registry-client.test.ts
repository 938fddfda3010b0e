import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import t, { type Test } from "tap";
import { computeDigest } from "../../../src/image/digest.ts";
import type { Descriptor } from "../../../src/image/manifest.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, MANIFEST_MEDIA_TYPES, OCI_INDEX, OCI_MANIFEST } from "../../../src/image/media-type.ts";
import { RefusedError } from "../../../src/verdict/failure.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { imageIndex, imageManifest, push } from "../../helpers/images.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../../helpers/registry-double.ts";
import * as faults from "../../helpers/registry-faults.ts";
import { ask, failure, type Fixture, inTime, LOOPBACK, startClient } from "./world.ts";

/** What the registry writes wherever it can; no message of ours may have it. */
const MARK = "written-by-the-registry";

async function start(t: Test, options: RegistryOptions = {}, settings: object = {}): Promise<Fixture & { readonly registry: RegistryDouble }> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  return { registry, ...startClient(t, { registries: { [registry.host]: { ...LOOPBACK, ...settings } } }) };
}

function descriptorOf(bytes: Uint8Array, change: Partial<Descriptor> = {}): Descriptor {
  return {
    mediaType: "application/octet-stream",
    digest: computeDigest("sha256", bytes),
    size: bytes.length,
    artifactType: undefined,
    annotations: new Map(),
    platform: undefined,
    ...change,
  };
}

t.test("manifests of every kind, by tag and by digest, with one request each", async (t) => {
  const { registry, client, events } = await start(t);
  const image = imageManifest();
  const artifacts = [image, imageManifest({ dialect: "docker" }), imageIndex([{ image, platform: "linux/amd64" }]), imageIndex([{ image, platform: "linux/amd64" }], "docker")];
  t.same(artifacts.map(({ mediaType }) => mediaType), [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST]);
  for (const [i, artifact] of artifacts.entries()) {
    push(registry, "shop/web", artifact, `v${i}`);
    registry.reset();
    for (const reference of [`shop/web:v${i}`, `shop/web@${artifact.digest}`, `shop/web:other@${artifact.digest}`]) {
      const { access, target } = ask(`${registry.host}/${reference}`);
      const manifest = await client.fetchManifest(access, target, inTime());
      t.match(manifest, { digest: artifact.digest, mediaType: artifact.mediaType, kind: i < 2 ? "manifest" : "index" });
    }
    t.same(registry.requestLines(), [`GET /v2/shop/web/manifests/v${i}`, ...Array(2).fill(`GET /v2/shop/web/manifests/${artifact.digest}`)]);
  }
  const headers = registry.requests[0]?.headers;
  t.same(headers?.accept?.split(", "), MANIFEST_MEDIA_TYPES);
  t.match(headers, { "accept-encoding": "identity", "user-agent": "pratique" });
  t.notOk(headers?.authorization);
  t.same(new Set(events), new Set([`manifest ${registry.host} 200`]));
  t.notOk(client.remembers());
});

t.test("a tag's digest is what we hash, whatever the header says", async (t) => {
  const { registry, client } = await start(t);
  const image = imageManifest();
  push(registry, "web", image, "v1");
  registry.fault("/manifests/v1", faults.withHeaders({ "docker-content-digest": computeDigest("sha256", Buffer.from("a lie")) }));
  const { access, target } = ask(`${registry.host}/web:v1`);
  t.equal((await client.fetchManifest(access, target, inTime())).digest, image.digest);
});

t.test("sha512 digests are hashed as such", async (t) => {
  const { registry, client } = await start(t);
  const { bytes } = imageManifest();
  const digest = computeDigest("sha512", bytes);
  const { access, target } = ask(`${registry.host}/web@${digest}`);
  registry.fault(digest, faults.answerWith(200, { "content-type": OCI_MANIFEST }, bytes));
  t.equal((await client.fetchManifest(access, target, inTime())).digest, digest);
  registry.fault(digest, faults.answerWith(200, { "content-type": OCI_MANIFEST }, imageManifest({ seed: "other" }).bytes));
  t.equal((await failure(client.fetchManifest(access, target, inTime()))).code, "DigestMismatch");
});

t.test("bytes that are not what they claim are refused", async (t) => {
  const { registry, client } = await start(t);
  const image = imageManifest();
  push(registry, "web", image, "v1");
  const both = JSON.stringify({ ...JSON.parse(Buffer.from(image.bytes).toString()), manifests: [], annotations: { note: MARK } });
  const byTag = `${registry.host}/web:v1`;
  const byDigest = `${registry.host}/web@${image.digest}`;
  const cases: [what: string, reference: string, behaviour: faults.Behaviour, code: string][] = [
    ["other bytes for a digest", byDigest, faults.withBody(imageManifest({ seed: "other" }).bytes), "DigestMismatch"],
    ["a truncated document for a digest", byDigest, faults.withBody(image.bytes.subarray(0, 100)), "DigestMismatch"],
    ["a manifest that comes as an index", byTag, faults.withHeaders({ "content-type": OCI_INDEX }), "Malformed"],
    ["a manifest that comes as a docker manifest", byDigest, faults.withHeaders({ "content-type": DOCKER_MANIFEST }), "Malformed"],
    ["a manifest that comes as JSON", byTag, faults.withHeaders({ "content-type": "application/json" }), "Malformed"],
    ["a document that is both", byTag, faults.withBody(both), "Malformed"],
    ["a page that is no JSON", byTag, faults.withBody(`<html>${MARK}</html>`), "Malformed"],
    ["bytes that are no UTF-8", byTag, faults.withBody(randomBytes(64)), "Malformed"],
    ["an empty body", byTag, faults.withBody(""), "Malformed"],
    ["a length beyond the limit", byTag, faults.claimLength(4_194_305), "TooLarge"],
    ["a body without an end", byTag, faults.endless(), "TooLarge"],
    ["a packed body", byTag, faults.gzipBomb(64), "Malformed"],
    ["a body that is packed twice", byDigest, faults.withHeaders({ "content-encoding": "br, gzip" }), "Malformed"],
  ];
  for (const [what, reference, behaviour, code] of cases) {
    registry.heal();
    registry.fault(/manifests/, behaviour);
    const { access, target } = ask(reference);
    const error = await failure(client.fetchManifest(access, target, inTime()));
    t.equal(error.code, code, `${what} is ${code}`);
    t.type(error, RefusedError);
    t.match(error.message, registry.host);
    t.notMatch(`${error.message} ${String((error.cause as Error | undefined)?.message)}`, MARK);
  }
  registry.heal();
  registry.fault(/manifests/, faults.withHeaders({ "content-type": "" }));
  const { access, target } = ask(byTag);
  t.equal((await client.fetchManifest(access, target, inTime())).kind, "manifest", "without a Content-Type the document's own media type counts");
});

t.test("every status has its reason", async (t) => {
  const { registry, client, events } = await start(t);
  const { access, target } = ask(`${registry.host}/web:v1`);
  const blob = descriptorOf(Buffer.from("x"));
  const reasons: Record<number, string> = {
    201: "UnexpectedAnswer",
    204: "UnexpectedAnswer",
    206: "UnexpectedAnswer",
    300: "UnexpectedAnswer",
    304: "UnexpectedAnswer",
    400: "UnexpectedAnswer",
    401: "Unauthorized",
    403: "Unauthorized",
    404: "ImageNotFound",
    405: "UnexpectedAnswer",
    406: "UnexpectedAnswer",
    412: "BlockedByRegistry",
    418: "UnexpectedAnswer",
    429: "RateLimited",
    500: "RegistryUnavailable",
    501: "UnexpectedAnswer",
    502: "RegistryUnavailable",
    503: "RegistryUnavailable",
  };
  for (const [status, code] of Object.entries(reasons)) {
    registry.fault(/web/, faults.answerWith(Number(status), { "x-note": MARK, "retry-after": "1" }, [204, 304].includes(Number(status)) ? "" : MARK));
    const errors = [await failure(client.fetchManifest(access, target, inTime())), await failure(client.fetchBlob(access, blob, 1024, inTime()))];
    if (!["400", "404", "405", "501"].includes(status)) errors.push(await failure(client.listReferrers(access, blob.digest, inTime())));
    for (const error of errors) {
      t.equal(error.code, code, `${status} is ${code}`);
      t.match(error.message, registry.host);
      if (code === "RegistryUnavailable" || code === "UnexpectedAnswer") t.match(error.message, status);
      t.notMatch(error.message, MARK);
    }
  }
  t.ok(events.includes(`manifest ${registry.host} 412`) && events.includes(`blob ${registry.host} 429`) && events.includes(`referrers ${registry.host} 503`));
});

t.test("a stream of refusals uses one connection", async (t) => {
  const { registry, client } = await start(t, {}, { maxInFlight: 1 });
  const ports = new Set<number | undefined>();
  registry.fault(/web/, ({ response, usual }) => {
    ports.add(response.socket?.remotePort);
    faults.send(response, usual);
  });
  const { access, target } = ask(`${registry.host}/web:v1`);
  for (let i = 0; i < 5; i += 1) await failure(client.fetchManifest(access, target, inTime()));
  t.equal(registry.requests.length, 5);
  t.equal(ports.size, 1, "an answer's body is read away, so its connection is free for the next");
});

t.test("blobs are bounded by their descriptor", async (t) => {
  const { registry, client } = await start(t);
  const bytes = Buffer.from("a payload");
  const digest = registry.pushBlob("web", bytes);
  const { access } = ask(`${registry.host}/web`);
  const fetch = (descriptor: Partial<Descriptor>, maxBytes = 1024): Promise<Uint8Array> => client.fetchBlob(access, descriptorOf(bytes, descriptor), maxBytes, inTime());
  t.same(await fetch({}), bytes);
  t.same(await fetch({}, bytes.length), bytes);
  t.same(registry.requestLines(), Array(2).fill(`GET /v2/web/blobs/${digest}`));
  registry.reset();
  t.equal((await failure(fetch({}, bytes.length - 1))).code, "TooLarge");
  t.equal(registry.requests.length, 0, "too large by its descriptor, it is not asked for");
  t.equal((await failure(fetch({ size: bytes.length - 1 }))).code, "TooLarge");
  t.equal((await failure(fetch({ size: bytes.length + 1 }))).code, "Malformed");
  const sha512 = computeDigest("sha512", bytes);
  registry.fault(sha512, faults.answerWith(200, {}, bytes));
  t.same(await fetch({ digest: sha512 }), bytes);
  const cases: [what: string, behaviour: faults.Behaviour, code: string][] = [
    ["other bytes", faults.withBody("a_payload"), "DigestMismatch"],
    ["fewer bytes", faults.withBody("a pay"), "DigestMismatch"],
    ["more bytes", faults.withBody("a payload and more"), "TooLarge"],
    ["one byte more, in chunks", ({ response, usual }) => {
      response.writeHead(200);
      response.write(usual.body);
      response.end("!");
    }, "TooLarge"],
    ["bytes without an end", faults.endless(), "TooLarge"],
    ["packed bytes", faults.gzipBomb(1), "Malformed"],
    ["half an answer", faults.cutOff(), "RegistryUnavailable"],
    ["no answer", faults.hangUp(), "RegistryUnavailable"],
  ];
  for (const [what, behaviour, code] of cases) {
    registry.fault(digest, behaviour);
    t.equal((await failure(fetch({}))).code, code, what);
  }
});

function referrer(i: number): object {
  const { mediaType, digest, size } = descriptorOf(Buffer.from(`referrer ${i}`));
  return { mediaType, digest, size, artifactType: `application/x.${i}` };
}

function page(...manifests: unknown[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
}

t.test("referrers, page by page", async (t) => {
  const { registry, client } = await start(t);
  const { access } = ask(`${registry.host}/shop/web`);
  const subject = computeDigest("sha256", Buffer.from("subject"));
  const path = `/v2/shop/web/referrers/${subject}`;
  /** Serves pages whose links are given; the last link is repeated. */
  const serve = (...links: (string | undefined)[]): void => {
    registry.reset();
    registry.fault(/referrers/, ({ response, nth }) => {
      const link = links[Math.min(nth, links.length) - 1];
      faults.send(response, { status: 200, headers: { "content-type": OCI_INDEX, ...(link === undefined ? {} : { link }) }, body: Buffer.from(page(referrer(nth))) });
    });
  };
  const list = async (): Promise<unknown> => {
    const answer = await client.listReferrers(access, subject, inTime());
    return answer.kind === "unsupported" ? answer.kind : [answer.descriptors.map(({ artifactType }) => artifactType?.slice(14)).join(), answer.truncated];
  };

  serve(undefined);
  t.same(await list(), ["1", false]);
  t.same(registry.requestLines(), [`GET ${path}`], "without a filter by artifactType");
  t.match(registry.requests[0]?.headers, { accept: OCI_INDEX, "accept-encoding": "identity" });

  serve(`<${path}?last=1>; rel="next"`, `<?last=2&n=1>; rel=next; title="x"`, undefined);
  t.same(await list(), ["1,2,3", false]);
  t.same(registry.requestLines(), [path, `${path}?last=1`, `${path}?last=2&n=1`].map((line) => `GET ${line}`));

  serve(`<${path}?p=1>; rel="next"`, `<${path}?p=2>; rel="next"`, `<${path}?p=3>; rel="next"`, undefined);
  t.same(await list(), ["1,2,3,4", false], "four pages are read");
  serve(`<${path}?p=1>; rel="next"`, `<${path}?p=2>; rel="next"`, `<${path}?p=3>; rel="next"`, `<${path}?p=4>; rel="next"`);
  t.same(await list(), ["1,2,3,4", true], "and no fifth");
  t.equal(registry.requests.length, 4);

  serve(`<${path}?p=1>; rel="next"`);
  t.same(await list(), ["1,2", true], "a list that runs in a circle ends");
  serve(`<${path}>; rel="next"`);
  t.same(await list(), ["1", true], "so does a page that names itself");

  const elsewhere = [`http://127.0.0.2:1${path}?p=1`, `https://${registry.host}${path}?p=1`, `/v2/other/web/referrers/${subject}?p=1`, `/v2/shop/web/manifests/v1`, `//evil.example${path}`, "http://[bad"];
  for (const target of elsewhere) {
    serve(`<${target}>; rel="next"`);
    t.same(await list(), ["1", true], `${target} is not followed`);
    t.equal(registry.requests.length, 1);
  }
  const none = [`<${path}?p=1>; rel="prev"`, `<${path}?p=1>`, "", "garbage", "<", `<${path}?p=1; rel="next"`, `${path}?p=1; rel="next"`];
  for (const link of none) {
    serve(link);
    t.same(await list(), ["1", false], `${link || "an empty header"} names no next page`);
  }
  serve(`<${path}?p=0>; rel="prev" , <${path}?p=1>; rel="next"`, undefined);
  t.same(await list(), ["1,2", false], "Harbor's form");

  registry.fault(/referrers/, faults.after(1, faults.answerWith(500)));
  serve(`<${path}?p=1>; rel="next"`);
  registry.fault(/p=1/, faults.answerWith(404));
  t.equal((await failure(client.listReferrers(access, subject, inTime()))).code, "ImageNotFound", "a page that was promised and is missing is a failure");
});

t.test("a registry without the referrers API says so", async (t) => {
  const { registry, client } = await start(t);
  const { access } = ask(`${registry.host}/web`);
  const subject = computeDigest("sha256", Buffer.from("subject"));
  for (const status of [404, 400, 405, 501]) {
    registry.fault(/referrers/, faults.answerWith(status, {}, "404 page not found"));
    t.same(await client.listReferrers(access, subject, inTime()), { kind: "unsupported" }, String(status));
  }
  const without = await start(t, { referrers: false });
  t.same(await without.client.listReferrers(ask(`${without.registry.host}/web`).access, subject, inTime()), { kind: "unsupported" });
});

t.test("one malformed referrer hides no other, a page that is no index is refused", async (t) => {
  const { registry, client } = await start(t);
  const { access } = ask(`${registry.host}/web`);
  const subject = computeDigest("sha256", Buffer.from("subject"));
  const list = (): Promise<unknown> => client.listReferrers(access, subject, inTime());
  const broken = [null, "x", {}, { ...referrer(9), digest: "sha256:abc" }, { ...referrer(9), size: -1 }, { ...referrer(9), mediaType: 1 }, [referrer(9)]];
  registry.fault(/referrers/, faults.answerWith(200, { "content-type": OCI_INDEX }, page(...broken, referrer(1), ...broken, referrer(2))));
  t.match(await list(), { kind: "listed", truncated: false, descriptors: [{ artifactType: "application/x.1" }, { artifactType: "application/x.2" }] });
  t.match(await list(), { descriptors: { length: 2 } });
  registry.fault(/referrers/, faults.answerWith(200, { "content-type": "application/json" }, JSON.stringify({ manifests: [] })));
  t.same(await list(), { kind: "listed", descriptors: [], truncated: false });
  const pages: [body: string, contentType: string][] = [
    [`<html>${MARK}</html>`, "text/html"],
    ["[]", OCI_INDEX],
    ["{}", OCI_INDEX],
    [JSON.stringify({ manifests: {} }), OCI_INDEX],
    [JSON.stringify({ manifests: [], layers: [] }), OCI_INDEX],
    [JSON.stringify({ manifests: [], config: {} }), OCI_INDEX],
    [JSON.stringify({ manifests: [], mediaType: OCI_MANIFEST }), OCI_INDEX],
    [JSON.stringify({ manifests: [] }), OCI_MANIFEST],
  ];
  for (const [body, contentType] of pages) {
    registry.fault(/referrers/, faults.answerWith(200, { "content-type": contentType }, body));
    const error = await failure(list());
    t.equal(error.code, "Malformed", body);
    t.notMatch(error.message, MARK);
  }
  registry.fault(/referrers/, faults.endless());
  t.equal((await failure(list())).code, "TooLarge");
});

t.test("a deadline ends everything, whatever is going on", async (t) => {
  const { registry, client } = await start(t, {}, { maxInFlight: 1 });
  push(registry, "web", imageManifest(), "v1");
  const { access, target } = ask(`${registry.host}/web:v1`);
  const soon = (): { deadline: number; signal: AbortSignal } => ({ deadline: Date.now() + 30, signal: new AbortController().signal });
  const stalls: [what: string, behaviour: faults.Behaviour][] = [
    ["before the headers", () => undefined],
    ["in the body", faults.claimLength(1_000_000)],
    ["in the body of an error", ({ response }) => {
      response.writeHead(503, { "content-length": "10" });
      response.write("x");
    }],
  ];
  for (const [what, behaviour] of stalls) {
    registry.fault("/manifests/v1", behaviour);
    const error = await failure(client.fetchManifest(access, target, soon()));
    t.equal(error.code, "DeadlineExceeded", what);
    t.match(error.message, registry.host);
  }
  registry.reset();
  t.equal((await failure(client.fetchManifest(access, target, { ...soon(), deadline: Date.now() }))).code, "DeadlineExceeded");
  t.equal((await failure(client.fetchManifest(access, target, { ...inTime(), signal: AbortSignal.abort() }))).code, "DeadlineExceeded");
  t.equal(registry.requests.length, 0, "nothing is sent when the time is over before it starts");

  const held = faults.hold();
  registry.fault("/manifests/v1", held.behaviour);
  const controller = new AbortController();
  const aborted = failure(client.fetchManifest(access, target, { ...inTime(), signal: controller.signal }));
  await held.reached;
  const queued = failure(client.fetchManifest(access, target, soon()));
  t.equal((await queued).code, "DeadlineExceeded", "while it waits for its turn");
  controller.abort(new Error(MARK));
  t.match(await aborted, { code: "DeadlineExceeded", message: registry.host });
  held.release();
  t.match(await client.fetchManifest(access, target, { deadline: Infinity, signal: controller.signal.aborted ? new AbortController().signal : controller.signal }), { kind: "manifest" }, "and the registry is free again");
});

t.test("requests under way are limited, and wait in line", async (t) => {
  const { registry, client, events, inFlight } = await start(t, {}, { maxInFlight: 2 });
  const full = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const arrived: string[] = [];
  let now = 0;
  let most = 0;
  registry.fault(/manifests/, async ({ request, response, usual }) => {
    arrived.push(request.path.slice(-2));
    now += 1;
    most = Math.max(most, now);
    if (now === 2) full.resolve();
    await released.promise;
    now -= 1;
    faults.send(response, usual);
  });
  const controller = new AbortController();
  const results = ["v1", "v2", "v3", "v4", "v5"].map((tag) => {
    const { access, target } = ask(`${registry.host}/web:${tag}`);
    return failure(client.fetchManifest(access, target, tag === "v3" ? { ...inTime(), signal: controller.signal } : inTime()));
  });
  await full.promise;
  controller.abort();
  t.equal((await results[2])?.code, "DeadlineExceeded", "who gives up leaves the line");
  released.resolve();
  t.same((await Promise.all(results)).map(({ code }) => code), ["ImageNotFound", "ImageNotFound", "DeadlineExceeded", "ImageNotFound", "ImageNotFound"]);
  t.same(arrived.slice(0, 2).sort(), ["v1", "v2"]);
  t.same(arrived.slice(2).sort(), ["v4", "v5"]);
  t.equal(most, 2);
  t.same(inFlight, { now: 0, most: 2 });
  t.equal(events.length, 4);
});

t.test("TLS: a private authority, and none", async (t) => {
  const authority = await createAuthority("registry authority");
  const tls = await authority.issue({ ips: ["127.0.0.1"], dnsNames: ["registry.test"] });
  const registry = await startRegistry({ tls });
  t.teardown(() => registry.close());
  push(registry, "web", imageManifest(), "v1");
  const port = registry.host.split(":")[1];
  const fetch = (reference: string, settings: object): Promise<unknown> => {
    const host = reference.slice(0, reference.indexOf("/"));
    const { client } = startClient(t, { registries: { [host]: { allowPrivate: true, ...settings } }, zone: { "registry.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] } });
    const { access, target } = ask(reference);
    return client.fetchManifest(access, target, inTime());
  };
  t.match(await fetch(`${registry.host}/web:v1`, { ca: authority.cert }), { kind: "manifest" });
  t.match(await fetch(`registry.test:${port}/web:v1`, { ca: authority.cert }), { kind: "manifest" });
  const cases: [what: string, reference: string, settings: object, message: RegExp][] = [
    ["an authority that nobody trusts", `${registry.host}/web:v1`, {}, /certificate is not trusted .*caFile/],
    ["another authority", `${registry.host}/web:v1`, { ca: (await createAuthority("other")).cert }, /certificate is not trusted/],
    ["another host's certificate", `other.test:${port}/web:v1`, { ca: authority.cert }, /certificate is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ["HTTP to a TLS registry", `${registry.host}/web:v1`, { plainHTTP: true }, /./],
  ];
  for (const [what, reference, settings, message] of cases) {
    const error = await failure(fetch(reference, settings));
    t.equal(error.code, "RegistryUnavailable", what);
    t.match(error.message, message);
    t.type(error.cause, "string", "the cause is a code, and nothing that came over the wire");
  }
});

t.test("no plain HTTP unless it is configured", async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  const { client } = startClient(t, { registries: { [registry.host]: { allowPrivate: true } } });
  const { access, target } = ask(`${registry.host}/web:v1`);
  const error = await failure(client.fetchManifest(access, target, inTime()));
  t.match(error, { code: "RegistryUnavailable", message: /not TLS .*plainHTTP: true/ });
  t.equal(registry.requests.length, 0);
});

t.test("a registry that is not there", async (t) => {
  const gone = await startRegistry();
  await gone.close();
  const { client } = startClient(t, { registries: { [gone.host]: LOOPBACK } });
  const fetch = (host: string): Promise<unknown> => {
    const { access, target } = ask(`${host}/web:v1`);
    return client.fetchManifest(access, target, inTime());
  };
  t.match(await failure(fetch(gone.host)), { code: "RegistryUnavailable", message: /nobody listens there \(ECONNREFUSED\)/ });
  t.match(await failure(fetch("nowhere.example")), { code: "RegistryUnavailable", message: /nowhere\.example: the name does not resolve/ });
});

t.test("answers that are no HTTP, and headers without an end", async (t) => {
  const { registry, client } = await start(t);
  const { access, target } = ask(`${registry.host}/web:v1`);
  const raw: [what: string, text: string][] = [
    ["garbage", `${MARK}\r\n\r\n`],
    ["a bad header", `HTTP/1.1 200 OK\r\n${MARK}\r\n\r\n`],
    ["a huge header", `HTTP/1.1 200 OK\r\nx: ${MARK.repeat(10_000)}\r\n\r\n`],
  ];
  for (const [what, text] of raw) {
    registry.fault("/manifests/v1", ({ response }) => {
      response.socket?.end(text);
    });
    const error = await failure(client.fetchManifest(access, target, inTime()));
    t.equal(error.code, "RegistryUnavailable", what);
    t.notMatch(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`, MARK);
  }
});

t.test("addresses that references may not reach", async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  const port = registry.host.split(":")[1];
  const zone = { "rebound.example": ["127.0.0.1"], "v6.example": ["::ffff:127.0.0.1"], "metadata.example": ["169.254.169.254"], "internal.example": ["10.0.0.1"] };
  const forbidden = async (client: Fixture["client"], host: string, message: RegExp): Promise<void> => {
    const { access, target } = ask(`${host}/web:v1`);
    t.match(await failure(client.fetchManifest(access, target, inTime())), { code: "RegistryForbidden", message }, host);
  };
  const plain = { plainHTTP: true };
  const unlisted = startClient(t, { zone, registries: { [registry.host]: plain, [`rebound.example:${port}`]: plain, [`localhost:${port}`]: plain } });
  await forbidden(unlisted.client, registry.host, /loopback address 127\.0\.0\.1.*registries: \[\{ host: "127\.0\.0\.1:\d+", allowPrivate: true \}\]/);
  await forbidden(unlisted.client, `rebound.example:${port}`, /rebound\.example:\d+ is at the loopback address 127\.0\.0\.1/);
  await forbidden(unlisted.client, "v6.example", /loopback address ::ffff:127\.0\.0\.1/);
  await forbidden(unlisted.client, "metadata.example", /metadata address 169\.254\.169\.254/);
  t.same(unlisted.lookups, ["rebound.example", "v6.example", "metadata.example"]);
  await forbidden(unlisted.client, `localhost:${port}`, /loopback/);
  for (const host of [registry.host, `localhost:${port}`, "127.1:80", "[::1]:80", "169.254.169.254"]) {
    t.throws(() => unlisted.client.refuseForbidden(ask(`${host}/web`).access.repository), { code: "RegistryForbidden" }, `${host} is refused as written`);
  }
  t.doesNotThrow(() => unlisted.client.refuseForbidden(ask("rebound.example/web").access.repository), "a name is refused when it is connected to");
  const strict = startClient(t, { zone, privateAddresses: "configured" });
  await forbidden(strict.client, "internal.example", /private address 10\.0\.0\.1/);
  await forbidden(strict.client, "10.0.0.1:5000", /private address 10\.0\.0\.1/);
  t.equal(registry.requests.length, 0);

  const listed = startClient(t, { zone, privateAddresses: "configured", registries: { [`rebound.example:${port}`]: LOOPBACK } });
  const { access, target } = ask(`rebound.example:${port}/web:v1`);
  t.equal((await failure(listed.client.fetchManifest(access, target, inTime()))).code, "ImageNotFound", "a listed host may be anywhere");
});

t.test("redirects are followed by hand", async (t) => {
  const bytes = Buffer.from("a payload");
  const other = await startRegistry({ address: "127.0.0.2" });
  const secure = await startRegistry({ tls: await (await createAuthority("cdn")).issue({ ips: ["127.0.0.4"] }), address: "127.0.0.4" });
  const registry = await startRegistry();
  t.teardown(() => Promise.all([other.close(), secure.close(), registry.close()]));
  const digest = other.pushBlob("elsewhere", bytes);
  const zone = { "evil.example": ["127.0.0.1"], "cdn.example": ["127.0.0.2"] };
  const cdn = `cdn.example:${other.host.split(":")[1]}`;
  const { client, events } = startClient(t, { zone, registries: { [registry.host]: LOOPBACK, [other.host]: LOOPBACK, [cdn]: LOOPBACK } });
  const { access } = ask(`${registry.host}/web`);
  const fetch = (): Promise<Uint8Array> => client.fetchBlob(access, descriptorOf(bytes), 1024, inTime());
  const path = `/v2/elsewhere/blobs/${digest}`;

  for (const status of [301, 302, 303, 307, 308]) {
    registry.fault(digest, faults.redirectTo(`${other.url}${path}?sig=${MARK}`, status));
    t.same(await fetch(), bytes, String(status));
  }
  t.equal(other.requests.at(-1)?.path, `${path}?sig=${MARK}`);
  registry.fault(digest, faults.redirectTo(`http://user:pw@${cdn}${path}`));
  t.same(await fetch(), bytes, "to a name");
  t.notOk(other.requests.at(-1)?.headers.authorization, "nor does a password in the address count");
  t.same(new Set(events), new Set([`blob ${registry.host} 200`]), "one event for the whole way");

  other.fault("/hop1", faults.redirectTo("/hop2"));
  other.fault("/hop2", faults.redirectTo(path));
  registry.fault(digest, faults.redirectTo(`${other.url}/hop1`));
  t.same(await fetch(), bytes, "three steps");
  other.fault("/hop0", faults.redirectTo("/hop1"));
  registry.fault(digest, faults.redirectTo(`${other.url}/hop0`));
  t.match(await failure(fetch()), { code: "UnexpectedAnswer", message: /redirected more than 3 times/ });
  registry.fault(digest, faults.redirectTo(path.replace("elsewhere", "web")));
  t.match(await failure(fetch()), { code: "UnexpectedAnswer", message: /redirected more than 3 times/ }, "in a circle");

  const refused: [location: string, code: string][] = [
    ["http://[bad", "UnexpectedAnswer"],
    ["", "UnexpectedAnswer"],
    ["ftp://127.0.0.2/x", "RegistryForbidden"],
    ["file:///etc/passwd", "RegistryForbidden"],
    [`http://evil.example:1/${MARK}`, "RegistryForbidden"],
    ["http://localhost:1/", "RegistryForbidden"],
    ["http://127.0.0.9:1/", "RegistryForbidden"],
    ["http://169.254.169.254/latest/meta-data/", "RegistryForbidden"],
    ["http://nowhere.example/", "RegistryUnavailable"],
    [`https://${secure.host}/`, "RegistryForbidden"],
  ];
  for (const [location, code] of refused) {
    registry.fault(digest, faults.redirectTo(location));
    const error = await failure(fetch());
    t.equal(error.code, code, `to ${location || "nowhere"}`);
    t.notMatch(error.message, MARK);
  }
  const inside = startClient(t, { zone: { "inside.example": ["10.0.0.1"] }, registries: { [registry.host]: LOOPBACK, [other.host]: LOOPBACK } });
  other.fault("/in", faults.redirectTo("http://inside.example/"));
  registry.fault(digest, faults.redirectTo(`${other.url}/in`));
  t.match(await failure(inside.client.fetchBlob(access, descriptorOf(bytes), 1024, inTime())), { code: "RegistryForbidden", message: /private address 10\.0\.0\.1/ }, "who is not the registry may not send us inside");
  registry.fault(digest, faults.answerWith(307));
  t.equal((await failure(fetch())).code, "UnexpectedAnswer", "without a Location");
});

t.test("TLS is not left by a redirect, and a private authority does not hide the public ones", async (t) => {
  const authority = await createAuthority("registry authority");
  const tls = await authority.issue({ ips: ["127.0.0.1", "127.0.0.2"] });
  const registry = await startRegistry({ tls });
  const cdn = await startRegistry({ tls, address: "127.0.0.2" });
  const plain = await startRegistry({ address: "127.0.0.3" });
  t.teardown(() => Promise.all([registry.close(), cdn.close(), plain.close()]));
  const settings = { allowPrivate: true, ca: authority.cert };
  const { client } = startClient(t, { registries: { [registry.host]: settings, [cdn.host]: { allowPrivate: true }, [plain.host]: LOOPBACK } });
  const bytes = Buffer.from("a payload");
  const digest = cdn.pushBlob("web", bytes);
  plain.pushBlob("web", bytes);
  const fetch = (): Promise<unknown> => client.fetchBlob(ask(`${registry.host}/web`).access, descriptorOf(bytes), 1024, inTime());
  registry.fault(digest, faults.redirectTo(`${cdn.url}/v2/web/blobs/${digest}`));
  t.same(await fetch(), bytes);
  registry.fault(digest, faults.redirectTo(`${plain.url}/v2/web/blobs/${digest}`));
  t.match(await failure(fetch()), { code: "RegistryForbidden", message: /redirected to a place without TLS/ });
  t.equal(plain.requests.length, 0);
});

/** A proxy that takes every host for one server: names are its own to resolve. */
async function startProxy(t: Test, server: { readonly host: string }): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const [hostname = "", port] = server.host.split(":");
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const { pathname, search } = new URL(request.url ?? "");
    const onward = httpRequest({ hostname, port, path: `${pathname}${search}`, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end();
  });
  const sockets = new Set<Duplex>();
  proxy.on("connect", (request, socket: Duplex) => {
    seen.push(`CONNECT ${request.url}`);
    const onward = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    sockets.add(socket);
    onward.pipe(socket).pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

t.test("behind a proxy", async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  push(registry, "web", imageManifest(), "v1");
  const proxy = await startProxy(t, registry);
  const plain = { plainHTTP: true };
  const { client, lookups } = startClient(t, {
    registries: { "registry.example": plain, "10.0.0.1": plain, [registry.host]: LOOPBACK },
    privateAddresses: "configured",
    proxy: { http: proxy.url, https: "", none: "127.0.0.1" },
  });
  const get = (reference: string): Promise<unknown> => {
    const { access, target } = ask(reference);
    return client.fetchManifest(access, target, inTime());
  };
  t.match(await get("registry.example/web:v1"), { kind: "manifest" });
  t.match(await get(`${registry.host}/web:v1`), { kind: "manifest" });
  t.same(proxy.seen, ["GET http://registry.example/v2/web/manifests/v1"], "but not for the hosts of NO_PROXY");
  t.equal((await failure(get("10.0.0.1/web:v1"))).code, "RegistryForbidden", "a written address is checked all the same");
  for (const target of ["http://10.0.0.1/", "http://169.254.169.254/", "http://localhost/"]) {
    registry.fault("/manifests/v1", faults.redirectTo(target));
    t.equal((await failure(get("registry.example/web:v1"))).code, "RegistryForbidden", `${target} as the target of a redirect`);
  }
  t.same(lookups, []);
});

t.test("behind a proxy, by TLS", async (t) => {
  const authority = await createAuthority("registry authority");
  const registry = await startRegistry({ tls: await authority.issue({ dnsNames: ["registry.example"] }) });
  t.teardown(() => registry.close());
  push(registry, "web", imageManifest(), "v1");
  const proxy = await startProxy(t, registry);
  const { client } = startClient(t, { registries: { "registry.example": { ca: authority.cert } }, proxy: { http: "", https: proxy.url, none: "" } });
  const { access, target } = ask("registry.example/web:v1");
  t.match(await client.fetchManifest(access, target, inTime()), { kind: "manifest" });
  t.same(proxy.seen, ["CONNECT registry.example:443"]);
  const other = ask("other.example/web:v1");
  t.match(await failure(client.fetchManifest(other.access, other.target, inTime())), { code: "RegistryUnavailable", message: /certificate is not trusted/ });
});

t.test("the hosts that are remembered are limited, and nothing in use is closed", async (t) => {
  const { registry, client } = await start(t);
  push(registry, "web", imageManifest(), "v1");
  const held = faults.hold();
  registry.fault("/manifests/v1", held.behaviour);
  const { access, target } = ask(`${registry.host}/web:v1`);
  const pending = client.fetchManifest(access, target, inTime());
  await held.reached;
  const others = Array.from({ length: 300 }, (_, i) => {
    const { access, target } = ask(`host${i}.example/web:v1`);
    return failure(client.fetchManifest(access, target, inTime()));
  });
  t.same(new Set((await Promise.all(others)).map(({ code }) => code)), new Set(["RegistryUnavailable"]));
  held.release();
  t.match(await pending, { kind: "manifest" }, "pushed out by three hundred hosts, it is still answered");
  t.match(await client.fetchManifest(access, target, inTime()), { kind: "manifest" });
});
