// What was found earlier answers while a registry cannot be reached, for so long, and makes nothing worse.
import t from "tap";
import { createCaches } from "../../../src/adapters/cache/caches.ts";
import { computeDigest } from "../../../src/image/digest.ts";
import type { Manifest } from "../../../src/image/manifest.ts";
import type { Target } from "../../../src/image/reference.ts";
import { ANONYMOUS, type Credential } from "../../../src/inspection/credential.ts";
import { combineEvidence } from "../../../src/inspection/combine.ts";
import type { Access, Call, Query, Registry } from "../../../src/inspection/ports.ts";
import type { Candidate, Location } from "../../../src/signature/candidate.ts";
import type { Evidence, FailedLocation } from "../../../src/verdict/evidence.ts";
import { RefusedError, UndeterminedError } from "../../../src/verdict/failure.ts";
import { findClaim } from "../../../src/verdict/claim.ts";
import type { UndeterminedReason } from "../../../src/verdict/reason.ts";
import { manualClock } from "../../helpers/clock.ts";

const SUBJECT = computeDigest("sha256", Buffer.from("image"));
const ALICE: Access = { repository: { host: "harbor.example.com", path: "shop/web" }, credential: { kind: "password", username: "alice", password: "a" } };
const as = (credential: Credential): Access => ({ ...ALICE, credential });
const MALLORY = as({ kind: "password", username: "mallory", password: "m" });
const QUERY: Query = { subject: SUBJECT, sought: "signatures", tagPrefix: "", freshness: "kept" };
const IMAGE: Target = { kind: "digest", digest: SUBJECT, tag: undefined };
const LOCATIONS: readonly Location[] = ["sig-tag", "referrers", "referrers-tag"];

function claim(location: Location = "sig-tag", name = "a signature"): Candidate {
  const document = { kind: "simple-signing", id: name, payload: Buffer.from(name), annotations: new Map() } as const;
  return { digest: computeDigest("sha256", Buffer.from(name)), layout: "simple-signing", location, claim: { kind: "claims", digests: [SUBJECT], document } };
}

function failed(location: Location, reason: UndeterminedReason = "RegistryUnavailable"): FailedLocation {
  return { location, reason, message: "harbor.example.com: nobody listens there", host: "harbor.example.com" };
}

function evidence(change: Partial<Evidence> = {}): Evidence {
  return { subject: SUBJECT, candidates: [], failed: [], exhausted: [], ...change };
}

const FOUND = evidence({ candidates: [claim()] });
const OUT = evidence({ failed: LOCATIONS.map((location) => failed(location)) });

function setUp(change: { readonly staleSeconds?: number; readonly absentSeconds?: number } = {}) {
  const clock = manualClock();
  const seen: string[] = [];
  const world = { evidence: FOUND, hangs: false, manifest: async (): Promise<Manifest> => ({ kind: "index", digest: SUBJECT }) as Manifest };
  const registry: Registry = {
    refuseForbidden() {},
    remembers: () => false,
    fetchManifest: () => world.manifest(),
    fetchBlob: async () => Buffer.alloc(0),
    listReferrers: async () => ({ kind: "unsupported" }),
  };
  const locator = { locate: async () => (world.hangs ? new Promise<never>(() => undefined) : world.evidence) };
  const observer = { lookup: (cache: string, result: string) => void seen.push(`${cache} ${result}`), inspected() {} };
  const settings = { tagSeconds: 10, foundSeconds: 600, absentSeconds: 5, staleSeconds: 3600, maxBytes: 1 << 24, lookupMs: 15_000, clock, ...change };
  const caches = createCaches({ registry, locatorOver: () => locator, verify: () => ({ kind: "rejected", fault: "BadSignature" }) }, observer, settings);
  const call = (ms = 8_000): Call => ({ deadline: clock.now() + ms, signal: new AbortController().signal });
  const locate = (access = ALICE, query = QUERY, ms = 8_000): Promise<Evidence> => caches.locator.locate(access, query, call(ms));
  const fetch = (access = ALICE, target = IMAGE): Promise<Manifest> => caches.registry.fetchManifest(access, target, call());
  return { clock, seen, world, caches, locate, fetch };
}

t.test("a found list answers while its registry cannot be reached, bounded, and says how old it is", async (t) => {
  for (const reason of ["RegistryUnavailable", "RateLimited", "DeadlineExceeded"] as const) {
    const { clock, seen, world, locate } = setUp();
    await locate();
    world.evidence = evidence({ failed: LOCATIONS.map((location) => failed(location, reason)) });
    clock.advance(599_000);
    t.notOk(Object.hasOwn(await locate(), "staleSeconds"), "within its own time it is simply known");
    clock.advance(2_000);
    const stale = await locate();
    t.equal(stale.staleSeconds, 601, reason);
    t.equal(findClaim(stale).kind, "trusted");
    t.same(stale.failed, world.evidence.failed, "the failures stay");
    t.same(seen.slice(-2), ["signatures miss", "signatures stale"]);
    clock.advance(3_598_000);
    t.equal(findClaim(await locate()).kind, "trusted", "until its time and that of an outage are over");
    clock.advance(2_000);
    t.equal(findClaim(await locate()).kind, "undetermined");
  }
});

t.test("nothing is served stale unless the setting says so", async (t) => {
  const { clock, world, locate } = setUp({ staleSeconds: 0 });
  await locate();
  world.evidence = OUT;
  clock.advance(600_001);
  t.same(await locate(), OUT);
});

t.test("what answers, and what refuses us, counts more than what was found earlier", async (t) => {
  const earlier = evidence({ candidates: [claim("sig-tag", "one"), claim("referrers", "two")] });
  const rows: readonly (readonly [what: string, now: Evidence, found: readonly Location[]])[] = [
    ["everything fails", OUT, ["sig-tag", "referrers"]],
    ["one place answers that there is nothing", evidence({ failed: [failed("referrers")] }), ["referrers"]],
    ["the place where nothing was found fails", evidence({ failed: [failed("referrers-tag")] }), []],
    ["all answer", evidence(), []],
    ["a credential that is no longer accepted", evidence({ failed: LOCATIONS.map((location) => failed(location, "Unauthorized")) }), []],
    ["it is not accepted in one place", evidence({ failed: [failed("sig-tag"), failed("referrers", "Unauthorized")] }), []],
    ["a signature that is read again", evidence({ candidates: [claim("sig-tag", "one")], failed: [failed("sig-tag")] }), ["sig-tag"]],
    ["one beside another that is not", evidence({ candidates: [claim("sig-tag", "new")], failed: [failed("referrers")] }), ["sig-tag", "referrers"]],
  ];
  for (const [what, now, found] of rows) {
    const { clock, world, locate } = setUp();
    world.evidence = earlier;
    await locate();
    clock.advance(700_000);
    world.evidence = now;
    const answer = await locate();
    t.same(answer.candidates.map(({ location }) => location), found, what);
    t.equal(answer.staleSeconds, found.length > now.candidates.length ? 700 : undefined, `${what}: and it is said`);
    t.same(answer.failed, now.failed);
  }
});

t.test("what the registry has taken back is not served when it fails later", async (t) => {
  const rows: readonly (readonly [what: string, between: Evidence, kind: string])[] = [
    ["a signature that was removed", evidence(), "undetermined"],
    ["one that is unreadable now", evidence({ candidates: [{ ...claim(), claim: { kind: "unreadable", reason: "BlockedByRegistry" } }] }), "undetermined"],
    ["a right to read that was taken away", evidence({ failed: [failed("sig-tag", "Unauthorized")] }), "undetermined"],
    ["another outage", OUT, "trusted"],
    ["a place that failed beside another signature", evidence({ candidates: [claim("sig-tag", "x")], failed: [failed("referrers")] }), "trusted"],
  ];
  for (const absentSeconds of [5, 0]) {
    for (const [what, between, kind] of rows) {
      const { clock, world, locate } = setUp({ absentSeconds });
      await locate();
      clock.advance(700_000);
      world.evidence = between;
      await locate();
      clock.advance(6_000);
      world.evidence = OUT;
      t.equal(findClaim(await locate()).kind, kind, what);
    }
  }
});

t.test("nobody is served what another credential found", async (t) => {
  const { clock, world, locate, fetch } = setUp();
  await locate();
  await fetch();
  clock.advance(700_000);
  world.evidence = OUT;
  world.manifest = () => Promise.reject(new UndeterminedError("RegistryUnavailable", "nobody listens there"));
  for (const access of [MALLORY, as(ANONYMOUS), { ...ALICE, repository: { host: "harbor.example.com", path: "shop/other" } }]) {
    t.same(await locate(access), OUT);
    await t.rejects(fetch(access), { code: "RegistryUnavailable" });
  }
  t.same(await locate(ALICE, { ...QUERY, sought: "attestations" }), OUT, "nor what was found for another question");
});

t.test("each failure is told as that of the registry that was asked", async (t) => {
  const { world, locate } = setUp();
  world.evidence = evidence({ failed: [failed("sig-tag"), failed("referrers")] });
  const mirror: Access = { repository: { host: "mirror.example.com", path: "shop/web" }, credential: ANONYMOUS };
  t.same((await locate(mirror)).failed.map(({ host }) => host), ["mirror.example.com", "mirror.example.com"]);
});

t.test("what several places gave is as old as the oldest of it", async (t) => {
  const rows: readonly (readonly [own: Evidence | undefined, others: readonly Evidence[], seconds: number | undefined])[] = [
    [FOUND, [], undefined],
    [FOUND, [{ ...FOUND, staleSeconds: 61 }], 61],
    [{ ...FOUND, staleSeconds: 61 }, [{ ...FOUND, staleSeconds: 700 }, FOUND], 700],
    [undefined, [FOUND, { ...FOUND, staleSeconds: 5 }], 5],
  ];
  for (const [own, others, seconds] of rows) t.equal(combineEvidence(own, others)?.staleSeconds, seconds);
});

t.test("a registry that hangs is waited for half of the time", async (t) => {
  const { clock, world, locate } = setUp();
  await locate();
  clock.advance(700_000);
  world.hangs = true;
  const stale = await locate(ALICE, QUERY, 40);
  t.equal(stale.staleSeconds, 700, "so that the answer can leave in time");
  t.match(stale.failed, [{ location: "sig-tag", reason: "DeadlineExceeded", host: "harbor.example.com" }]);
  t.equal(findClaim(stale).kind, "trusted");
  await t.rejects(locate(MALLORY, QUERY, 40), { code: "DeadlineExceeded" });
});

t.test("a manifest by its digest is handed out as long to whoever has read it before", async (t) => {
  const down = (): Promise<never> => Promise.reject(new UndeterminedError("RegistryUnavailable", "nobody listens there"));
  const { clock, seen, world, caches, fetch } = setUp();
  const manifest = await fetch();
  clock.advance(601_000);
  world.manifest = down;
  t.equal(await fetch(), manifest);
  t.same(seen.slice(-2), ["content miss", "content stale"]);
  t.ok(caches.registry.remembers(ALICE, IMAGE), "and with the credential that has opened it");
  clock.advance(3_598_000);
  t.equal(await fetch(), manifest);
  clock.advance(2_000);
  await t.rejects(fetch(), { code: "RegistryUnavailable" });

  for (const error of [new UndeterminedError("Unauthorized", "401"), new RefusedError("ImageNotFound", "404")]) {
    const { clock, world, fetch } = setUp();
    await fetch();
    clock.advance(601_000);
    world.manifest = () => Promise.reject(error);
    await t.rejects(fetch(), { code: error.code }, "an answer is an answer");
    clock.advance(6_000);
    world.manifest = down;
    await t.rejects(fetch(), { code: "RegistryUnavailable" }, "and is remembered");
  }
});

t.test("a tag is never answered stale", async (t) => {
  const { clock, world, fetch } = setUp();
  const tag: Target = { kind: "tag", tag: "v1" };
  await fetch(ALICE, tag);
  clock.advance(11_000);
  world.manifest = () => Promise.reject(new UndeterminedError("RegistryUnavailable", "nobody listens there"));
  await t.rejects(fetch(ALICE, tag), { code: "RegistryUnavailable" });
});

t.test("a refusal looks again, and rests on no list that is stale", async (t) => {
  const { clock, world, locate } = setUp();
  world.evidence = evidence({ candidates: [claim("sig-tag", "another's")] });
  await locate();
  world.evidence = OUT;
  clock.advance(10_000);
  const again = await locate(ALICE, { ...QUERY, freshness: "fresh" });
  t.same(again.failed, OUT.failed, "what is missing beside these is undetermined");
  t.equal(again.staleSeconds, 10);
});

