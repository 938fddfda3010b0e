import { getCACertificates, setDefaultCACertificates } from "node:tls";
import t from "tap";
import { SYSTEM_TIMER } from "../../../src/adapters/kubernetes/timer.ts";
import { RegistryConnection } from "../../../src/adapters/registry/connection.ts";
import { Connections } from "../../../src/adapters/registry/connections.ts";
import { joined, withinCall } from "../../../src/adapters/registry/deadline.ts";
import type { RegistryEnvironment, RegistrySettings } from "../../../src/adapters/registry/settings.ts";
import { Slots } from "../../../src/adapters/registry/slots.ts";
import { Tokens } from "../../../src/adapters/registry/tokens.ts";
import { ANONYMOUS } from "../../../src/inspection/credential.ts";
import { RefusedError, type UndeterminedError } from "../../../src/verdict/failure.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { manualClock } from "../../helpers/clock.ts";
import { ONCE } from "../../helpers/persistence.ts";
import { startRegistry } from "../../helpers/registry-double.ts";
import { failure } from "./world.ts";

const NEVER = new AbortController().signal;

function environment(settings: Partial<RegistrySettings> = {}): RegistryEnvironment {
  return {
    settingsFor: (host) => ({ plainHTTP: true, allowPrivate: host.startsWith("registry.test"), ca: undefined, tokenRealms: [], maxInFlight: 2, ...settings }),
    privateAddresses: "allow",
    proxy: undefined,
    clock: SYSTEM_TIMER,
    persistence: ONCE,
    observer: { request: () => undefined, inFlight: () => undefined, leftAlone: () => undefined },
    resolve: (_hostname, callback) => setImmediate(callback, null, [{ address: "127.0.0.1", family: 4 }]),
  };
}

t.test("never more at one time than the limit, first come first served", async (t) => {
  const slots = new Slots(2);
  const order: number[] = [];
  let now = 0;
  let most = 0;
  const job = (i: number): Promise<void> =>
    slots.run(NEVER, async () => {
      order.push(i);
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      if (i % 5 === 4) throw new Error("work that fails frees its slot too");
    });
  for (let wave = 0; wave < 3; wave += 1) {
    await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map((i) => job(wave * 7 + i)));
  }
  t.equal(most, 2);
  t.same(order, Array.from({ length: 21 }, (_, i) => i));
  await t.rejects(slots.run(AbortSignal.abort(new Error("over")), async () => t.fail("not started")), { message: "over" });
});

t.test("a refusal found in time stands, everything else is over at the deadline", async (t) => {
  const clock = manualClock();
  const controller = new AbortController();
  const run = (error: Error): Promise<RefusedError | UndeterminedError> =>
    failure(withinCall({ deadline: clock.now() + 1000, signal: controller.signal }, clock, "harbor.example.com", async (signal) => {
      controller.abort();
      t.ok(signal.aborted);
      throw error;
    }));
  t.equal((await run(new RefusedError("DigestMismatch", "other bytes"))).code, "DigestMismatch");
  const over = await failure(withinCall({ deadline: clock.now(), signal: NEVER }, clock, "harbor.example.com", async () => t.fail("not started")));
  t.match(over, { code: "DeadlineExceeded", message: "harbor.example.com did not answer in the time that was left" });
  t.equal(await withinCall({ deadline: Infinity, signal: NEVER }, clock, "x", async (signal) => signal.aborted), false, "there may be no deadline at all");
});

t.test("who waits with others and gives up hears only that", async (t) => {
  const shared = Promise.withResolvers<string>();
  const controller = new AbortController();
  const impatient = joined(shared.promise, controller.signal);
  const patient = joined(shared.promise, NEVER);
  controller.abort(new Error("enough"));
  await t.rejects(impatient, { message: "enough" });
  shared.resolve("token");
  t.equal(await patient, "token");
  await t.rejects(joined(Promise.resolve(1), AbortSignal.abort(new Error("before"))), { message: "before" });
});

t.test("a token request that fails when nobody waits any more harms nobody", async (t) => {
  const tokens = new Tokens(manualClock());
  const question = { realm: "https://a.example/token", service: undefined, scope: "repository:x:pull", credential: ANONYMOUS };
  const answer = Promise.withResolvers<never>();
  await t.rejects(tokens.obtain(question, () => answer.promise, AbortSignal.abort(new Error("enough"))), { message: "enough" });
  answer.reject(new Error("nobody hears this"));
  await new Promise(setImmediate);
  t.equal(await tokens.obtain(question, async () => ({ text: "fresh", lifetime: 60 }), NEVER), "fresh");
  tokens.forget(question, "another");
  t.equal(tokens.kept(question), "fresh", "only the token that was refused is forgotten");
  tokens.forget(question, "fresh");
  t.equal(tokens.kept(question), undefined);
});

t.test("what gives way is closed, but not while it is in use", async (t) => {
  const connections = new Connections(environment(), 1);
  const done = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<{ readonly closed: boolean }>();
  const isClosed = (connection: RegistryConnection): { readonly closed: boolean } => {
    const { base } = connection.reach;
    return connection.dispatcher(base, base) as unknown as { readonly closed: boolean };
  };
  const first = connections.use("registry.test:1", async (connection) => {
    opened.resolve(isClosed(connection));
    await done.promise;
  });
  const dispatcher = await opened.promise;
  const second = await connections.use("registry.test:2", async (connection) => isClosed(connection));
  t.notOk(dispatcher.closed, "pushed out while in use");
  done.resolve();
  await first;
  t.ok(dispatcher.closed, "closed by its last user");
  t.notOk(second.closed);
  await connections.use("registry.test:2", async (connection) => t.equal(isClosed(connection), second, "the same registry has the same connections"));
  await t.rejects(connections.use("1.2.3.4.5", async () => undefined), { code: "RegistryForbidden" });
  await connections.close();
  t.ok(second.closed);
});

t.test("whether a registry is public is seen when it is connected to", async (t) => {
  const registry = await startRegistry();
  const connection = new RegistryConnection(`registry.test:${registry.host.split(":")[1]}`, environment());
  t.teardown(() => Promise.all([registry.close(), connection.close()]));
  const { base } = connection.reach;
  const inside = new URL("http://10.0.0.1/");
  t.throws(() => connection.dispatcher(inside, base), { code: "RegistryForbidden" }, "nothing is known yet");
  const { body } = await connection.dispatcher(base, base).request({ origin: base.origin, path: "/v2/", method: "GET" });
  await body.dump();
  t.doesNotThrow(() => connection.dispatcher(inside, base), "a registry inside may send us inside");
  t.throws(() => connection.dispatcher(inside, new URL("http://elsewhere.example/")), { code: "RegistryForbidden" }, "but nobody else");
});

t.test("a private authority stands in for the system's at the registry alone", async (t) => {
  const ours = await createAuthority("private authority");
  const theirs = await createAuthority("public authority");
  const usual = getCACertificates("default");
  setDefaultCACertificates([theirs.cert]);
  t.teardown(() => setDefaultCACertificates(usual));
  const status = async (url: string, host: string): Promise<number | undefined> => {
    const connection = new RegistryConnection(host, environment({ plainHTTP: false, allowPrivate: true, ca: ours.cert }));
    t.teardown(() => connection.close());
    try {
      const { statusCode, body } = await connection.dispatcher(new URL(url), connection.reach.base).request({ origin: url, path: "/v2/", method: "GET" });
      await body.dump();
      return statusCode;
    } catch (error) {
      t.match((error as NodeJS.ErrnoException).code, /SIGNED|SIGNATURE/);
      return undefined;
    }
  };
  for (const [name, authority] of Object.entries({ private: ours, public: theirs })) {
    const registry = await startRegistry({ tls: await authority.issue({ ips: ["127.0.0.1"] }) });
    t.teardown(() => registry.close());
    t.equal(await status(registry.url, registry.host), name === "private" ? 200 : undefined, `the registry itself with a ${name} certificate`);
    t.equal(await status(registry.url, "registry.test:1"), 200, `a ${name} certificate where it redirects to`);
  }
});
