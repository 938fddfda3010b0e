// Requests that are sent again, over real HTTP, with the waits between them in the test's hand.
import t, { type Test } from "tap";
import type { Persistence } from "../../../src/adapters/registry/settings.ts";
import type { Call } from "../../../src/inspection/ports.ts";
import { handTimer, type HandTimer } from "../../helpers/hand-timer.ts";
import { imageManifest, push } from "../../helpers/images.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../../helpers/registry-double.ts";
import * as faults from "../../helpers/registry-faults.ts";
import { until } from "../../helpers/until.ts";
import { ask, failure, LOOPBACK, startClient } from "./world.ts";

interface Fixture {
  readonly registry: RegistryDouble;
  readonly timer: HandTimer;
  /** Asks for an image, and lets every wait pass at once; the waits in milliseconds, and what it came to. */
  readonly fetch: (call?: Partial<Call>) => Promise<{ readonly waits: readonly number[]; readonly came: string }>;
}

async function start(t: Test, options: RegistryOptions = {}, persistence: Partial<Persistence> = {}): Promise<Fixture> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  push(registry, "web", imageManifest(), "v1");
  const timer = handTimer();
  const fetch: Fixture["fetch"] = async (call = {}) => {
    // Each with a client of its own, which has had no trouble with this registry yet.
    const { client } = startClient(t, { registries: { [registry.host]: LOOPBACK }, clock: timer, persistence: { attempts: 3, jitter: () => 1, ...persistence } });
    const { access, target } = ask(`${registry.host}/web:v1`);
    const waits: number[] = [];
    const given = { deadline: timer.now() + 8_000, signal: new AbortController().signal, ...call };
    const over = new AbortController();
    const came = client.fetchManifest(access, target, given).then(
      () => "found",
      (error: { readonly code: string }) => error.code,
    );
    void came.finally(() => over.abort());
    while (!over.signal.aborted) {
      await until(() => over.signal.aborted || timer.alarms().length > 0);
      const [wait] = timer.alarms();
      if (wait === undefined) continue;
      waits.push(wait);
      timer.advance(wait);
    }
    return { waits, came: await came };
  };
  return { registry, timer, fetch };
}

t.test("what may be over in a moment is asked again, after longer and longer waits", async (t) => {
  const { registry, fetch } = await start(t);
  const down = (count: number, behaviour = faults.answerWith(503)): void => {
    registry.heal();
    registry.reset();
    registry.fault(/manifests/, faults.first(count, behaviour));
  };
  const rows: readonly (readonly [what: string, behaviour: faults.Behaviour])[] = [
    ["429", faults.answerWith(429)],
    ["500", faults.answerWith(500)],
    ["502", faults.answerWith(502)],
    ["503", faults.answerWith(503)],
    ["504", faults.answerWith(504)],
    ["a connection that is reset", faults.hangUp()],
    ["half an answer", faults.cutOff()],
  ];
  for (const [what, behaviour] of rows) {
    down(2, behaviour);
    t.same(await fetch(), { waits: [200, 600], came: "found" }, what);
    t.equal(registry.count("manifest"), 3);
    down(9, behaviour);
    t.same(await fetch(), { waits: [200, 600], came: what === "429" ? "RateLimited" : "RegistryUnavailable" }, `${what}, and no end to it`);
    t.equal(registry.count("manifest"), 3);
  }
});

t.test("an answer is not asked for again", async (t) => {
  const { registry, fetch } = await start(t);
  const rows: readonly (readonly [status: number, came: string])[] = [
    [400, "UnexpectedAnswer"],
    [401, "Unauthorized"],
    [403, "Unauthorized"],
    [404, "ImageNotFound"],
    [412, "BlockedByRegistry"],
    [501, "UnexpectedAnswer"],
  ];
  for (const [status, came] of rows) {
    registry.reset();
    registry.fault(/manifests/, faults.answerWith(status, { "retry-after": "1" }));
    t.same(await fetch(), { waits: [], came }, String(status));
    t.equal(registry.requests.length, 1);
  }
});

t.test("Retry-After is waited for, or not waited for at all", async (t) => {
  const { registry, timer, fetch } = await start(t);
  const date = (seconds: number): string => new Date(timer.now() + seconds * 1000).toUTCString();
  const rows: readonly (readonly [what: string, header: () => string, wait: number | undefined])[] = [
    ["seconds", () => "3", 3_200],
    ["none", () => "0", 200],
    ["a date", () => date(4), 4_200],
    ["a date that is past", () => date(-60), 200],
    ["more than there is time for", () => "8", undefined],
    ["a date beyond the time", () => date(3_600), undefined],
    ["more than a number can be", () => "999999999", undefined],
    ["what is neither", () => "soon", 200],
    ["a negative number", () => "-5", 200],
    ["a fraction", () => "1.5", 200],
    ["a date of another form", () => "2126-11-23", 200],
  ];
  for (const status of [429, 503]) {
    for (const [what, header, wait] of rows) {
          // A date tells whole seconds alone.
      timer.advance(1000 - (timer.now() % 1000));
      registry.heal();
      registry.fault(/manifests/, faults.first(1, ({ response }) => faults.send(response, { status, headers: { "retry-after": header() }, body: Buffer.alloc(0) })));
      const refused = status === 429 ? "RateLimited" : "RegistryUnavailable";
      t.same(await fetch(), wait === undefined ? { waits: [], came: refused } : { waits: [wait], came: "found" }, `${status}: ${what}`);
    }
  }
});

t.test("nothing is put off beyond the time of those who wait", async (t) => {
  const { registry, timer, fetch } = await start(t);
  registry.fault(/manifests/, faults.answerWith(503));
  t.same(await fetch({ deadline: timer.now() + 200 }), { waits: [], came: "RegistryUnavailable" }, "the deadline");
  t.same(await fetch({ deadline: timer.now() + 15_000, patience: timer.now() + 700 }), { waits: [200], came: "RegistryUnavailable" }, "the last of several callers");
  const gone = new AbortController();
  timer.after(100, () => gone.abort());
  t.same(await fetch({ signal: gone.signal }), { waits: [100], came: "DeadlineExceeded" }, "a caller who leaves");
  t.same(timer.alarms(), [], "and no alarm stays behind");
});

t.test("waits differ by chance, and those who were told the same time do not come together", async (t) => {
  const { registry, fetch } = await start(t, {}, { jitter: () => 0 });
  registry.fault(/manifests/, faults.first(2, faults.answerWith(503)));
  t.same(await fetch(), { waits: [100, 300], came: "found" });
  registry.heal();
  registry.fault(/manifests/, faults.first(1, faults.answerWith(429, { "retry-after": "2" })));
  t.same(await fetch(), { waits: [2_100], came: "found" });
});

t.test("a token service that fails is asked again as well, and its Retry-After counts", async (t) => {
  const { registry, fetch } = await start(t, { auth: { kind: "bearer", accounts: {} } });
  registry.fault(/token/, faults.first(1, faults.answerWith(429, { "retry-after": "2" })));
  t.match(await fetch(), { came: "Unauthorized" });
  t.equal(registry.count("token"), 2);
});

t.test("an outage is not answered with a multiple of the load", async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  registry.fault(/web/, faults.answerWith(429));
  const timer = handTimer();
  const { client } = startClient(t, { registries: { [registry.host]: LOOPBACK }, clock: timer, persistence: { attempts: 3 } });
  const IMAGES = 200;
  const { access } = ask(`${registry.host}/web`);
  let over = 0;
  for (let i = 0; i < IMAGES; i += 1) {
    const call = { deadline: timer.now() + 8_000, signal: new AbortController().signal };
    void failure(client.fetchManifest(access, { kind: "tag", tag: `v${i}` }, call)).then(() => (over += 1));
  }
  await until(() => {
    const [wait] = timer.alarms();
    // Once each of them has been asked for, and only those wait that are to be asked for again.
    if (wait !== undefined && over + timer.alarms().length === IMAGES) timer.advance(wait);
    return over === IMAGES;
  });
  const again = registry.requests.length - IMAGES;
  t.ok(again >= 20 && again <= 22, `${again} requests were sent again, where 400 could have been`);
});
