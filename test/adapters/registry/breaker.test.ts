// A registry that does not answer, and what that costs whoever asks, with the time in the test's hand.
import t from "tap";
import { Breaker } from "../../../src/adapters/registry/breaker.ts";
import type { Answer } from "../../../src/adapters/registry/answer.ts";
import type { Manifest } from "../../../src/image/manifest.ts";
import { RefusedError, UndeterminedError } from "../../../src/verdict/failure.ts";
import { handTimer } from "../../helpers/hand-timer.ts";
import { imageManifest, push } from "../../helpers/images.ts";
import { startRegistry } from "../../helpers/registry-double.ts";
import * as faults from "../../helpers/registry-faults.ts";
import { until } from "../../helpers/until.ts";
import { ask, failure, inTime, login, LOOPBACK, startClient } from "./world.ts";

const NEVER = new AbortController().signal;
const down = (): Promise<Answer> => Promise.reject(new UndeterminedError("RegistryUnavailable", "nobody listens there"));
const status = (code: number) => async (): Promise<Answer> => ({ url: new URL("http://registry.test/"), status: code, headers: {}, bytes: new Uint8Array() });

/** A breaker whose pings are answered by the test. */
function setUp() {
  const timer = handTimer();
  const pings: ((answers: boolean) => Promise<void>)[] = [];
  const leftAlone: (1 | -1)[] = [];
  const breaker = new Breaker({
    host: "registry.test",
    timer,
    leftAlone: (change) => leftAlone.push(change),
    ping: () =>
      new Promise((resolve) => {
        pings.push(async (answers) => {
          resolve(answers);
          await new Promise(setImmediate);
        });
      }),
  });
  const send = (how: () => Promise<Answer>, signal = NEVER): Promise<unknown> => breaker.watch(how, signal).catch(() => undefined);
  /** Fails over more than a second, which raises the doubt. */
  const fail = async (how = down): Promise<void> => {
    await send(how);
    timer.advance(1_000);
    await send(how);
    await send(how);
  };
  const open = async (): Promise<void> => {
    await fail();
    await pings.shift()?.(false);
  };
  return { timer, breaker, pings, leftAlone, send, fail, open };
}

t.test("it opens when a run of failures is confirmed by a ping, and says when it asks again", async (t) => {
  const { timer, breaker, pings, fail } = setUp();
  await fail();
  t.equal(pings.length, 1);
  t.ok(breaker.isClosed, "until the ping has an answer, requests go on");
  await breaker.enter(NEVER);
  await pings.shift()?.(false);
  t.notOk(breaker.isClosed);
  const refusal = await failure(breaker.enter(NEVER));
  t.equal(refusal.code, "RegistryUnavailable");
  t.equal(refusal.message, "registry.test has not been answering for a while, and is asked again in 2 s");
  timer.advance(1_500);
  t.match((await failure(breaker.enter(NEVER))).message, "again in 1 s");
  t.equal(pings.length, 0, "which costs no request");
});

t.test("what raises no doubt", async (t) => {
  const gone = AbortSignal.abort();
  const rows: readonly (readonly [what: string, fail: (fixture: ReturnType<typeof setUp>) => Promise<unknown>])[] = [
    ["two failures", async ({ send, timer }) => {
      await send(down);
      timer.advance(60_000);
      await send(down);
    }],
    ["many failures in one moment", async ({ send }) => Promise.all(Array.from({ length: 50 }, () => send(down)))],
    ["failures with an answer among them", async ({ send, timer }) => {
      for (let i = 0; i < 10; i += 1) {
        for (const how of [down, status(500), status(404)]) await send(how);
        timer.advance(1_000);
      }
    }],
    ["senders who give up", async ({ send, timer }) => {
      for (let i = 0; i < 10; i += 1) {
        await send(down, gone);
        timer.advance(1_000);
      }
    }],
    ["refusals", async ({ send, timer }) => {
      for (let i = 0; i < 10; i += 1) {
        await send(() => Promise.reject(new RefusedError("RegistryForbidden", "a private address")));
        timer.advance(1_000);
      }
    }],
    ...[200, 301, 400, 401, 403, 404, 412, 429, 501].map((code) => [`the status ${code}`, ({ fail }: ReturnType<typeof setUp>) => fail(status(code))] as const),
  ];
  for (const [what, fail] of rows) {
    const fixture = setUp();
    await fail(fixture);
    t.same([fixture.pings.length, fixture.breaker.isClosed], [0, true], what);
  }
});

t.test("statuses that say that nobody is there raise it too", async (t) => {
  for (const code of [500, 502, 503, 504, 599]) {
    const { pings, fail } = setUp();
    await fail(status(code));
    t.equal(pings.length, 1, String(code));
  }
});

t.test("requests that are bound to fail close a registry to nobody", async (t) => {
  const { breaker, pings, fail } = setUp();
  for (let i = 0; i < 5; i += 1) {
    await fail(status(502));
    t.equal(pings.length, 1);
    await pings.shift()?.(true);
    await breaker.enter(NEVER);
    t.ok(breaker.isClosed, "since it answers what nobody can choose");
  }
});

t.test("it asks again after its pause, one at a time, and waits longer each time that it fails", async (t) => {
  const { timer, breaker, pings, open } = setUp();
  await open();
  for (const seconds of [2, 4, 8, 15, 15]) {
    timer.advance(seconds * 1000 - 1);
    t.match((await failure(breaker.enter(NEVER))).message, "again in 1 s");
    t.equal(pings.length, 0, `not before ${seconds} s`);
    timer.advance(1);
    const first = failure(breaker.enter(NEVER));
    t.match((await failure(breaker.enter(NEVER))).message, "is asked again just now", "whoever comes meanwhile does not wait");
    t.equal(pings.length, 1, "and does not ask");
    await pings.shift()?.(false);
    t.equal((await first).code, "RegistryUnavailable", "the one who asked hears what came of it");
  }
  timer.advance(15_000);
  const last = breaker.enter(NEVER);
  await pings.shift()?.(true);
  await last;
  t.ok(breaker.isClosed, "once it answers, the one who asked goes on at once");
  await open();
  t.match((await failure(breaker.enter(NEVER))).message, "again in 2 s", "the pauses begin anew");
});

t.test("it is told of once when nothing is sent any more, and once when that is over", async (t) => {
  const { timer, breaker, pings, leftAlone, send, fail, open } = setUp();
  await fail();
  t.same(leftAlone, [], "a doubt keeps nothing from it");
  await pings.shift()?.(false);
  timer.advance(2_000);
  const asked = failure(breaker.enter(NEVER));
  await pings.shift()?.(false);
  await asked;
  t.same(leftAlone, [1], "however often it is asked again");
  await send(status(200));
  t.same(leftAlone, [1, -1]);
  await open();
  breaker.retire();
  breaker.retire();
  t.same(leftAlone, [1, -1, 1, -1], "one that is no longer kept counts no more");
});

t.test("an answer that was under way closes it at once", async (t) => {
  const { timer, breaker, pings, send, open } = setUp();
  await open();
  await send(status(404));
  await breaker.enter(NEVER);
  await open();
  timer.advance(2_000);
  const asked = breaker.enter(NEVER);
  await send(status(200));
  await pings.shift()?.(false);
  await asked;
  t.ok(breaker.isClosed, "whatever the ping came to");
});

t.test("whoever asks again leaves with their own time", async (t) => {
  const { timer, breaker, pings, open } = setUp();
  await open();
  timer.advance(2_000);
  const controller = new AbortController();
  const asked = breaker.enter(controller.signal);
  controller.abort(new Error("over"));
  await t.rejects(asked, { message: "over" });
  await pings.shift()?.(true);
  t.ok(breaker.isClosed, "and the ping is of use to the next one");
});

t.test("over HTTP: a registry that has died is not asked, and every other one is", async (t) => {
  const [dead, alive] = [await startRegistry(), await startRegistry()];
  t.teardown(() => Promise.all([dead.close(), alive.close()]));
  const timer = handTimer();
  const { client, events, leftAlone } = startClient(t, { registries: { [dead.host]: LOOPBACK, [alive.host]: LOOPBACK }, clock: timer });
  const fetch = (host: string): Promise<Manifest> => {
    const { access, target } = ask(`${host}/web:v1`);
    return client.fetchManifest(access, target, inTime(timer));
  };
  for (const registry of [dead, alive]) push(registry, "web", imageManifest(), "v1");
  dead.fault(/./, faults.hangUp());
  for (const wait of [0, 1_000, 0]) {
    timer.advance(wait);
    t.match((await failure(fetch(dead.host))).message, "cut off");
  }
  await until(() => events.includes(`ping ${dead.host} error`));
  dead.reset();
  t.match((await failure(fetch(dead.host))).message, "asked again in 2 s");
  t.same(dead.requestLines(), []);
  t.same(leftAlone, { now: 1 });
  t.equal((await fetch(alive.host)).kind, "manifest");

  dead.heal();
  timer.advance(2_000);
  t.equal((await fetch(dead.host)).kind, "manifest");
  t.same(dead.requestLines(), ["GET /v2/", "GET /v2/web/manifests/v1"], "a ping, and then what was asked for");
});

t.test("over HTTP: a registry that asks for a login answers", async (t) => {
  const registry = await startRegistry({ auth: { kind: "basic", accounts: { alice: { password: "a", repositories: ["**"] } } } });
  t.teardown(() => registry.close());
  const timer = handTimer();
  const { client, events } = startClient(t, { registries: { [registry.host]: LOOPBACK }, clock: timer });
  const { access, target } = ask(`${registry.host}/web:v1`, login("alice", "a"));
  registry.fault(/manifests/, faults.answerWith(500));
  for (let i = 0; i < 9; i += 1) {
    timer.advance(500);
    t.match((await failure(client.fetchManifest(access, target, inTime(timer)))).message, "answered with status 500");
  }
  await until(() => events.includes(`ping ${registry.host} 401`));
});

t.test("over HTTP: who waits for a turn when it opens does not wait for it to hang", async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  const timer = handTimer();
  const { client, events } = startClient(t, { registries: { [registry.host]: { ...LOOPBACK, maxInFlight: 3 } }, clock: timer, persistence: { attempts: 3, silenceMs: 40 } });
  registry.fault(/./, () => undefined);
  const fetch = (i: number): Promise<UndeterminedError | RefusedError> => {
    const { access, target } = ask(`${registry.host}/web:v${i}`);
    return failure(client.fetchManifest(access, target, inTime(timer)));
  };
  const first = await fetch(0);
  t.equal(first.code, "RegistryUnavailable");
  t.match(first.message, "it is silent", "silence ends before the time does");
  t.equal(registry.requests.length, 1, "and is not waited for once more");
  timer.advance(1_000);
  await Promise.all([1, 2].map(fetch));
  await until(() => registry.count("ping") > 0);
  const waiting = [3, 4, 5, 6, 7, 8, 9].map(fetch);
  await until(() => registry.count("manifest") === 6);
  // The ping's own limit.
  timer.advance(3_000);
  await until(() => events.includes(`ping ${registry.host} error`));
  const messages = (await Promise.all(waiting)).map(({ message }) => message);
  t.equal(messages.filter((message) => message.includes("has not been answering")).length, 4);
  t.equal(registry.count("manifest"), 6);
});
