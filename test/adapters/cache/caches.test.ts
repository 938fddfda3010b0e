import t from "tap";
import { createCaches } from "../../../src/adapters/cache/caches.ts";
import { weigh } from "../../../src/adapters/cache/weigh.ts";
import { computeDigest, type Digest } from "../../../src/image/digest.ts";
import type { Descriptor, ImageManifest, Manifest } from "../../../src/image/manifest.ts";
import type { Repository, Target } from "../../../src/image/reference.ts";
import { ANONYMOUS, type Credential } from "../../../src/inspection/credential.ts";
import type { Access, Call, Locator, Query, Referrers, Registry } from "../../../src/inspection/ports.ts";
import type { Candidate } from "../../../src/signature/candidate.ts";
import type { Evidence } from "../../../src/verdict/evidence.ts";
import { RefusedError, UndeterminedError } from "../../../src/verdict/failure.ts";
import { manualClock } from "../../helpers/clock.ts";

const WEB: Repository = { host: "harbor.example.com", path: "shop/web" };
const ALICE: Credential = { kind: "password", username: "alice", password: "a" };
const MALLORY: Credential = { kind: "password", username: "mallory", password: "m" };
const tag = (name: string): Target => ({ kind: "tag", tag: name });
const byDigest = (digest: Digest): Target => ({ kind: "digest", digest, tag: undefined });
const access = (credential: Credential, repository = WEB): Access => ({ repository, credential });

/** A registry of one private repository: what is asked of it is counted, who may not ask is refused. */
class PrivateRegistry implements Registry {
  readonly asked: string[] = [];
  readonly tags = new Map<string, Manifest>();
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly allowed = new Set<Credential>([ALICE]);
  gate: Promise<void> = Promise.resolve();

  refuseForbidden(): void {}

  remembers(): boolean {
    return false;
  }

  async fetchManifest({ credential }: Access, target: Target, _call: Call): Promise<Manifest> {
    await this.#enter(credential, target.kind === "tag" ? target.tag : target.digest);
    const found = target.kind === "tag" ? this.tags.get(target.tag) : [...this.tags.values()].find(({ digest }) => digest === target.digest);
    if (found === undefined) throw new RefusedError("ImageNotFound", "there is no such manifest");
    return found;
  }

  async fetchBlob({ credential }: Access, { digest }: Descriptor): Promise<Uint8Array> {
    await this.#enter(credential, digest);
    return this.blobs.get(digest) ?? Buffer.alloc(0);
  }

  async listReferrers(): Promise<Referrers> {
    return { kind: "unsupported" };
  }

  async #enter(credential: Credential, what: string): Promise<void> {
    this.asked.push(what);
    await this.gate;
    if (!this.allowed.has(credential)) throw new UndeterminedError("Unauthorized", "harbor.example.com answered 401");
  }
}

function manifest(name: string): ImageManifest {
  const digest = computeDigest("sha256", Buffer.from(name));
  const config: Descriptor = { mediaType: "application/json", digest, size: 2, artifactType: undefined, annotations: new Map(), platform: undefined };
  return { kind: "manifest", digest, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: undefined, config, layers: [], manifestSubject: undefined, annotations: new Map() };
}

function evidence(subject: Digest, change: Partial<Evidence> = {}): Evidence {
  return { subject, candidates: [], failed: [], exhausted: [], ...change };
}

function claim(subject: Digest): Candidate {
  const document = { kind: "simple-signing", id: subject, payload: Buffer.alloc(100), annotations: new Map() } as const;
  return { digest: subject, layout: "simple-signing", location: "sig-tag", claim: { kind: "claims", digests: [subject], document } };
}

const kept = (subject: Digest): Query => ({ subject, sought: "signatures", tagPrefix: "", freshness: "kept" });

function setUp(change: { readonly tagSeconds?: number; readonly maxBytes?: number } = {}) {
  const clock = manualClock();
  const registry = new PrivateRegistry();
  const located: string[] = [];
  const answers = new Map<Digest, (call: Call) => Promise<Evidence>>();
  const locator: Locator = {
    locate: async (_access, { subject }, call) => {
      located.push(subject);
      return (await answers.get(subject)?.(call)) ?? evidence(subject);
    },
  };
  const seen: string[] = [];
  const observer = {
    lookup: (cache: string, result: string) => void seen.push(`${cache} ${result}`),
    inspected: (result: string) => void seen.push(`inspected ${result}`),
  };
  const settings = { tagSeconds: 10, foundSeconds: 600, absentSeconds: 5, staleSeconds: 0, maxBytes: 64 * 1024 * 1024, lookupMs: 6000, clock, ...change };
  const caches = createCaches({ registry, locatorOver: () => locator, verify: () => ({ kind: "rejected", fault: "BadSignature" }) }, observer, settings);
  const call = (ms = 8000, signal = new AbortController().signal): Call => ({ deadline: clock.now() + ms, signal });
  return { clock, registry, located, answers, caches, seen, call };
}

t.test("a tag is believed for its seconds, and the content behind it is kept by digest", async (t) => {
  const { clock, registry, caches, call } = setUp();
  const [one, two] = [manifest("one"), manifest("two")];
  registry.tags.set("v1", one);
  t.equal(await caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), one);
  registry.tags.set("v1", two);
  clock.advance(9_999);
  t.equal(await caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), one);
  t.same(registry.asked, ["v1"], "warm: no request at all");
  clock.advance(2);
  t.equal(await caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), two, "a tag that moved is the new content");
  t.equal(await caches.registry.fetchManifest(access(ALICE), byDigest(one.digest), call()), one);
  t.same(registry.asked, ["v1", "v1"], "the old content is still there by its digest");
});

t.test("zero seconds for tags asks each time", async (t) => {
  const { registry, caches, call } = setUp({ tagSeconds: 0 });
  registry.tags.set("v1", manifest("one"));
  await caches.registry.fetchManifest(access(ALICE), tag("v1"), call());
  await caches.registry.fetchManifest(access(ALICE), tag("v1"), call());
  t.same(registry.asked, ["v1", "v1"]);
});

t.test("what one credential opened stays shut to another, cold and warm", async (t) => {
  const { registry, caches, call } = setUp();
  const one = manifest("one");
  const blob = { ...one.config, digest: computeDigest("sha256", Buffer.from("{}")) };
  registry.tags.set("v1", one);
  registry.blobs.set(blob.digest, Buffer.from("{}"));
  await t.rejects(caches.registry.fetchManifest(access(MALLORY), tag("v1"), call()), { code: "Unauthorized" }, "cold");
  await caches.registry.fetchManifest(access(ALICE), tag("v1"), call());
  await caches.registry.fetchBlob(access(ALICE), blob, 1024, call());
  registry.asked.length = 0;
  for (const credential of [MALLORY, ANONYMOUS]) {
    await t.rejects(caches.registry.fetchManifest(access(credential), tag("v1"), call()), { code: "Unauthorized" }, "warm, by tag");
    await t.rejects(caches.registry.fetchManifest(access(credential), byDigest(one.digest), call()), { code: "Unauthorized" }, "warm, by digest");
    await t.rejects(caches.registry.fetchBlob(access(credential), blob, 1024, call()), { code: "Unauthorized" }, "warm, a blob");
  }
  t.equal(registry.asked.length, 6, "the registry was asked each time: a refusal is never kept");
  const elsewhere = access(ALICE, { host: WEB.host, path: "shop/other" });
  registry.tags.clear();
  await t.rejects(caches.registry.fetchManifest(elsewhere, byDigest(one.digest), call()), { code: "ImageNotFound" }, "nor does another repository answer");
});

t.test("a proof of access ends", async (t) => {
  const { clock, registry, caches, call } = setUp();
  const one = manifest("one");
  registry.tags.set("v1", one);
  await caches.registry.fetchManifest(access(ALICE), byDigest(one.digest), call());
  t.ok(caches.registry.remembers(access(ALICE), byDigest(one.digest)));
  t.notOk(caches.registry.remembers(access(MALLORY), byDigest(one.digest)));
  registry.allowed.clear();
  clock.advance(599_999);
  t.equal(await caches.registry.fetchManifest(access(ALICE), byDigest(one.digest), call()), one);
  clock.advance(2);
  t.notOk(caches.registry.remembers(access(ALICE), byDigest(one.digest)));
  await t.rejects(caches.registry.fetchManifest(access(ALICE), byDigest(one.digest), call()), { code: "Unauthorized" });
});

t.test("an image that is not there is believed for five seconds, an error not at all", async (t) => {
  const { clock, registry, caches, call } = setUp();
  await t.rejects(caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), { code: "ImageNotFound" });
  registry.tags.set("v1", manifest("one"));
  clock.advance(4_999);
  await t.rejects(caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), { code: "ImageNotFound" });
  clock.advance(2);
  t.equal(await caches.registry.fetchManifest(access(ALICE), tag("v1"), call()), registry.tags.get("v1"));

  registry.gate = Promise.reject(new UndeterminedError("RegistryUnavailable", "no answer"));
  await t.rejects(caches.registry.fetchManifest(access(ALICE), tag("v2"), call()), { code: "RegistryUnavailable" });
  registry.gate = Promise.resolve();
  registry.tags.set("v2", manifest("two"));
  t.equal(await caches.registry.fetchManifest(access(ALICE), tag("v2"), call()), registry.tags.get("v2"));
});

t.test("found, absent and failed lists are kept differently", async (t) => {
  const { clock, answers, located, caches, call, seen } = setUp();
  const subject = computeDigest("sha256", Buffer.from("image"));
  const down = { location: "referrers", reason: "RegistryUnavailable", message: "503" } as const;
  const rows: readonly (readonly [name: string, change: Partial<Evidence>, seconds: number, state: string])[] = [
    ["found", { candidates: [claim(subject)] }, 600, "found"],
    ["found beside a failed location", { candidates: [claim(subject)], failed: [down] }, 600, "found"],
    ["absent", {}, 5, "absent"],
    ["another digest's", { candidates: [claim(computeDigest("sha256", Buffer.from("x")))] }, 5, "absent"],
    ["failed", { failed: [down] }, 0, "failed"],
    ["unreadable", { candidates: [{ ...claim(subject), claim: { kind: "unreadable", reason: "Malformed" } }] }, 0, "failed"],
    ["exhausted", { exhausted: ["referrers"] }, 0, "failed"],
  ];
  for (const [name, change, seconds, state] of rows) {
    clock.advance(3_600_000);
    answers.set(subject, async () => evidence(subject, change));
    located.length = 0;
    await caches.locator.locate(access(ALICE), kept(subject), call());
    t.equal(seen.at(-1), `inspected ${state}`, name);
    clock.advance(Math.max(0, seconds * 1000 - 1));
    await caches.locator.locate(access(ALICE), kept(subject), call());
    t.equal(located.length, seconds > 0 ? 1 : 2, `${name} within its time`);
    clock.advance(2);
    await caches.locator.locate(access(ALICE), kept(subject), call());
    t.equal(located.length, seconds > 0 ? 2 : 3, `${name} after its time`);
  }
  located.length = 0;
  answers.set(subject, async () => evidence(subject, { candidates: [claim(subject)] }));
  clock.advance(3_600_000);
  await caches.locator.locate(access(ALICE), kept(subject), call());
  await caches.locator.locate(access(MALLORY), kept(subject), call());
  t.equal(located.length, 2, "a list is kept by who asked");
});

t.test("equal look-ups under way are one, and one caller's deadline does not fail the others", async (t) => {
  const { registry, answers, located, caches, call, seen } = setUp();
  const one = manifest("one");
  registry.tags.set("v1", one);
  const held = Promise.withResolvers<void>();
  registry.gate = held.promise;
  const impatient = new AbortController();
  const first = caches.registry.fetchManifest(access(ALICE), tag("v1"), call(8000, impatient.signal));
  const late = caches.registry.fetchManifest(access(ALICE), tag("v1"), call(0));
  const second = caches.registry.fetchManifest(access(ALICE), tag("v1"), call());
  impatient.abort();
  await t.rejects(first, { code: "DeadlineExceeded" }, "the first caller leaves");
  await t.rejects(late, { code: "DeadlineExceeded" }, "so does one whose deadline is over");
  held.resolve();
  t.equal(await second, one, "the second has its answer");
  t.same(registry.asked, ["v1"]);
  t.equal(seen.filter((line) => line === "content shared").length, 2);

  const subject = one.digest;
  answers.set(subject, async (own) => {
    t.equal(own.signal.aborted, false, "no caller's signal reaches the shared look-up");
    return evidence(subject, { candidates: [claim(subject)] });
  });
  const all = await Promise.all(Array.from({ length: 50 }, () => caches.locator.locate(access(ALICE), kept(subject), call())));
  t.equal(located.length, 1);
  t.equal(new Set(all).size, 1);
});

t.test("a shared look-up knows until when somebody waits for it", async (t) => {
  const { clock, registry, answers, caches, call } = setUp();
  const subject = computeDigest("sha256", Buffer.from("image"));
  const started = Promise.withResolvers<Call>();
  const held = Promise.withResolvers<void>();
  answers.set(subject, async (own) => {
    started.resolve(own);
    await held.promise;
    return evidence(subject);
  });
  const waiting = [caches.locator.locate(access(ALICE), kept(subject), call(2_000))];
  const own = await started.promise;
  const left = (): number => (own.patience ?? 0) - clock.now();
  t.equal(left(), 2_000);
  waiting.push(caches.locator.locate(access(ALICE), kept(subject), call(1_000)));
  t.equal(left(), 2_000, "the last of them counts");
  waiting.push(caches.locator.locate(access(ALICE), kept(subject), call(5_000)));
  t.equal(left(), 5_000);
  waiting.push(caches.locator.locate(access(ALICE), kept(subject), call(8_000)));
  t.equal(left(), 6_000, "and no more than the look-up's own time");
  held.resolve();
  await Promise.all(waiting);

  registry.tags.set("v1", manifest("one"));
  const asked: (number | undefined)[] = [];
  const fetch = registry.fetchManifest.bind(registry);
  registry.fetchManifest = (who, target, inner) => {
    asked.push(inner.patience);
    return fetch(who, target, inner);
  };
  await caches.registry.fetchManifest(access(ALICE), tag("v1"), { ...call(8_000), patience: clock.now() + 3_000 });
  t.same(asked, [clock.now() + 3_000], "also where one shared look-up is part of another");
});

t.test("a shared look-up that fails is forgotten", async (t) => {
  const { answers, caches, call } = setUp();
  const subject = computeDigest("sha256", Buffer.from("image"));
  answers.set(subject, () => Promise.reject(new Error("a defect")));
  await t.rejects(caches.locator.locate(access(ALICE), kept(subject), call()), { message: "a defect" });
  answers.set(subject, async () => evidence(subject));
  t.same(await caches.locator.locate(access(ALICE), kept(subject), call()), evidence(subject));
});

t.test("the caches stay within their bytes", async (t) => {
  const { registry, caches, call } = setUp({ maxBytes: 100_000 });
  for (let i = 0; i < 200; i += 1) {
    const bytes = Buffer.alloc(2_000, i);
    const digest = computeDigest("sha256", bytes);
    registry.blobs.set(digest, bytes);
    await caches.registry.fetchBlob(access(ALICE), { ...manifest("x").config, digest, size: 2_000 }, 4_096, call());
    await t.rejects(caches.registry.fetchManifest(access(ALICE), tag(`absent-${i}`), call()));
  }
  for (const [name, bytes] of caches.bytes()) t.ok(bytes <= 50_000, `${name}: ${bytes}`);
  t.ok((caches.bytes().get("content") ?? 0) > 30_000, "and are used");
});

t.test("a value's weight is never far below what it holds", async (t) => {
  t.ok(weigh(Buffer.alloc(5_000)) >= 5_000);
  t.ok(weigh("x".repeat(1_000)) >= 2_000);
  t.ok(weigh(new Map([["key", "x".repeat(1_000)]])) >= 2_000);
  t.ok(weigh({ list: Array.from({ length: 100 }, () => ({ a: 1 })) }) >= 100 * 56);
});
