import t, { type Test } from "tap";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { ConfiguredNamespaces } from "../../../src/adapters/kubernetes/configured-namespaces.ts";
import { NamespaceWatch } from "../../../src/adapters/kubernetes/namespace-watch.ts";
import { UndeterminedError } from "../../../src/verdict/failure.ts";
import { type ApiClient, apiClient } from "../../helpers/api-client.ts";
import { expired, type Fault, notFound, type OpenWatch, type Stored } from "../../helpers/api-server-double.ts";
import { failureOf } from "../../helpers/failure.ts";
import { Queue } from "../../helpers/queue.ts";
import { until } from "../../helpers/until.ts";

const NAMESPACES = "/api/v1/namespaces";
const LABEL = "pratique.dev/enforce";
/** As long as a watch may live: 30 s, and 5 s for the API server to be late. */
const WATCH_LIFE = 35_000;

interface Bench extends ApiClient {
  readonly watch: NamespaceWatch;
  /** The causes of the restarts so far. */
  readonly restarts: Queue<Error>;
  /** The next watch, once its headers have come. */
  readonly opened: () => Promise<OpenWatch>;
  readonly enforced: (namespace: string) => Promise<string | undefined>;
}

async function bench(t: Test): Promise<Bench> {
  const world = await apiClient(t);
  const { api, timer, client, call } = world;
  const restarts = new Queue<Error>();
  const recorder = { watchRestarted: (_: string, cause: Error) => restarts.push(cause), secretIgnored: () => undefined, statusNotWritten: () => undefined };
  const watch = new NamespaceWatch(client, { timer, recorder, jitter: () => 0 });
  t.teardown(() => watch.stop());
  const opened = async (): Promise<OpenWatch> => {
    const open = await api.watches.next();
    // Until then, the limit for an answer is the nearest alarm.
    await until(() => timer.alarms()[0] === WATCH_LIFE);
    return open;
  };
  return { ...world, watch, restarts, opened, enforced: async (namespace) => (await watch.labels(namespace, call())).get(LABEL) };
}

/** A bench whose watch is open, with `shop` at `none` and `gone` at `signed`. */
async function watching(t: Test): Promise<Bench & { readonly open: OpenWatch }> {
  const started = await bench(t);
  started.api.put(NAMESPACES, namespace("shop", "none"));
  started.api.put(NAMESPACES, namespace("gone", "signed"));
  started.watch.start();
  return { ...started, open: await started.opened() };
}

function namespace(name: string, level: string): Stored {
  return { kind: "Namespace", metadata: { name, labels: { [LABEL]: level } }, spec: { finalizers: ["kubernetes"] } };
}

t.test("lists page by page, then answers from the watch without asking", async (t) => {
  const { api, watch, enforced, opened } = await bench(t);
  for (let i = 0; i < 250; i += 1) api.put(NAMESPACES, namespace(`ns${i}`, "signed"));
  t.notOk(watch.ready());
  t.equal(watch.ageSeconds(), Number.POSITIVE_INFINITY);
  watch.start();
  await watch.synced;
  t.ok(watch.ready());
  const open = await opened();
  t.equal(await enforced("ns0"), "signed");
  t.equal(await enforced("ns249"), "signed");
  t.equal(watch.ageSeconds(), 0);
  t.strictSame(
    api.requests.map(({ kind }) => kind),
    ["list", "list", "list", "watch"],
  );
  t.strictSame(Object.fromEntries(open.query), { watch: "true", allowWatchBookmarks: "true", resourceVersion: "350", timeoutSeconds: "30" });
});

t.test("follows what is created, relabelled and deleted", async (t) => {
  const { api, enforced, watch, call } = await watching(t);
  t.equal(await enforced("shop"), "none");
  api.put(NAMESPACES, namespace("shop", "signed"));
  await until(async () => (await enforced("shop")) === "signed");
  api.put(NAMESPACES, { kind: "Namespace", metadata: { name: "shop" } });
  await until(async () => (await watch.labels("shop", call())).size === 0);
  api.put(NAMESPACES, namespace("new", "verified"));
  api.remove(NAMESPACES, "gone");
  api.put(NAMESPACES, namespace("last", "none"));
  api.fault = ({ kind }) => (kind === "get" ? { status: 404, body: notFound("x") } : undefined);
  await until(async () => (await enforced("last")) === "none");
  t.equal(await enforced("new"), "verified");
  t.equal(await enforced("gone"), undefined, "asked for by a GET, since it is no longer known");
});

t.test("a watch that the API server ends is gone on with from the last event or bookmark", async (t) => {
  const { api, open, timer, enforced, opened, watch } = await watching(t);
  t.equal(open.query.get("resourceVersion"), "102");
  api.put(NAMESPACES, namespace("shop", "signed"));
  timer.advance(30_000);
  open.end();
  const second = await opened();
  t.equal(second.query.get("resourceVersion"), "103");
  t.equal(await enforced("shop"), "signed");

  api.put("/api/v1/other", { metadata: { name: "x" } });
  second.bookmark();
  timer.advance(30_000);
  second.end();
  const third = await opened();
  t.equal(third.query.get("resourceVersion"), "104");
  timer.advance(30_000);
  third.end();
  await opened();
  t.equal(watch.ageSeconds(), 0, "a watch that is accepted confirms what is known");
  t.equal(api.requests.filter(({ kind }) => kind === "list").length, 1);
});

const OBJECT = { metadata: { name: "shop", resourceVersion: "105" } };

t.test("whatever else ends a watch, everything is listed anew", async (t) => {
  const failures: Record<string, { readonly code: string; readonly end: (bench: Bench & { readonly open: OpenWatch }) => void }> = {
    "the connection breaks": { code: "Unavailable", end: ({ open }) => open.drop() },
    "the connection is half open": { code: "Unavailable", end: ({ timer }) => timer.advance(WATCH_LIFE) },
    "the version is gone, as an event": { code: "Expired", end: ({ open }) => open.event("ERROR", expired()) },
    "another error event": { code: "Unavailable", end: ({ open }) => open.event("ERROR", { kind: "Status", code: 500 }) },
    "an error event without a status": { code: "Unavailable", end: ({ open }) => open.event("ERROR", {}) },
    "a line that is not JSON": { code: "Malformed", end: ({ open }) => open.raw("{\n") },
    "an empty line": { code: "Malformed", end: ({ open }) => open.raw("\n") },
    "a line that is no object": { code: "Malformed", end: ({ open }) => open.raw("[]\n") },
    "an event without an object": { code: "Malformed", end: ({ open }) => open.event("MODIFIED", null) },
    "an event of an unknown type": { code: "Malformed", end: ({ open }) => open.event("TOUCHED", OBJECT) },
    "an event without a type": { code: "Malformed", end: ({ open }) => open.raw(`${JSON.stringify({ object: OBJECT })}\n`) },
    "an event without a version": { code: "Malformed", end: ({ open }) => open.event("MODIFIED", { metadata: { name: "shop" } }) },
    "an event without a name": { code: "Malformed", end: ({ open }) => open.event("MODIFIED", { metadata: { resourceVersion: "105" } }) },
    "a bookmark without a version": { code: "Malformed", end: ({ open }) => open.event("BOOKMARK", { metadata: {} }) },
    "a line that never ends": { code: "TooLarge", end: ({ open }) => open.raw("x".repeat(4 * 1024 * 1024 + 1)) },
    "a line that is too long": { code: "TooLarge", end: ({ open }) => open.raw(`${"x".repeat(4 * 1024 * 1024 + 1)}\n`) },
    "an end inside a line": {
      code: "Malformed",
      end: ({ open, timer }) => {
        timer.advance(30_000);
        open.raw(`{"type":"MODIFIED"`);
        open.end();
      },
    },
    "an end at once": { code: "Unavailable", end: ({ open }) => open.end() },
  };
  for (const [name, { code, end }] of Object.entries(failures)) {
    await t.test(name, async (t) => {
      const started = await watching(t);
      const { api, timer, restarts, enforced, opened } = started;
      api.quiet = true;
      api.put(NAMESPACES, namespace("shop", "signed"));
      api.put(NAMESPACES, namespace("new", "verified"));
      api.remove(NAMESPACES, "gone");
      t.equal(await enforced("shop"), "none", "what was known is still the answer");
      end(started);
      t.match(await restarts.next(), { code });
      timer.advance(100);
      await opened();
      t.strictSame([await enforced("shop"), await enforced("new")], ["signed", "verified"]);
      t.equal(api.requests.filter(({ kind }) => kind === "get").length, 0, "from the list");
      await enforced("gone");
      t.equal(api.requests.filter(({ kind }) => kind === "get").length, 1, "what was deleted meanwhile is no longer known");
    });
  }
});

t.test("a watch or a list that is refused is asked for again, ever less often and within 3 s", async (t) => {
  const faults: Record<string, { readonly code: string; readonly fault: Fault; readonly kind: "list" | "watch"; readonly message?: RegExp }> = {
    "watch expired": { kind: "watch", code: "Expired", fault: { status: 410, body: expired() } },
    "watch forbidden": { kind: "watch", code: "Forbidden", message: /grant list and watch on namespaces/, fault: { status: 403, body: {} } },
    "list forbidden": { kind: "list", code: "Forbidden", fault: { status: 403, body: {} } },
    "list broken": { kind: "list", code: "Unavailable", fault: "drop" },
    "list not JSON": { kind: "list", code: "Malformed", fault: { status: 200, body: "<html>" } },
    "list without items": { kind: "list", code: "Malformed", fault: { status: 200, body: { metadata: { resourceVersion: "1" } } } },
    "list without version": { kind: "list", code: "Malformed", fault: { status: 200, body: { metadata: {}, items: [] } } },
    "list with an item without name": { kind: "list", code: "Malformed", fault: { status: 200, body: { metadata: { resourceVersion: "1" }, items: [{}] } } },
    "list with an item that is none": { kind: "list", code: "Malformed", fault: { status: 200, body: { metadata: { resourceVersion: "1" }, items: [1] } } },
  };
  for (const [name, { code, fault, kind, message = /API server/ }] of Object.entries(faults)) {
    await t.test(name, async (t) => {
      const { api, timer, restarts, watch, enforced, opened } = await bench(t);
      api.put(NAMESPACES, namespace("shop", "signed"));
      api.fault = (asked) => (asked.kind === kind ? fault : undefined);
      watch.start();
      const pauses: number[] = [];
      for (let i = 0; i < 7; i += 1) {
        t.match(await restarts.next(), { code, message });
        const pause = timer.alarms()[0] ?? Number.NaN;
        pauses.push(pause);
        if (i === 6) api.fault = () => undefined;
        timer.advance(pause);
      }
      t.strictSame(pauses, [100, 200, 400, 800, 1500, 1500, 1500]);
      const open = await opened();
      t.equal(await enforced("shop"), "signed");
      timer.advance(10_000);
      open.drop();
      await restarts.next();
      t.equal(timer.alarms()[0], 100, "what has worked for a while starts with a short pause");
    });
  }
});

t.test("an API server that is frozen while it is asked for the list", async (t) => {
  const { api, timer, restarts, watch } = await bench(t);
  api.put(NAMESPACES, namespace("shop", "signed"));
  api.fault = () => "hang";
  watch.start();
  await api.lists.next();
  timer.advance(5_000);
  t.match(await restarts.next(), { code: "Unavailable" });
  t.notOk(watch.ready(), "a list that failed is no list");
  api.fault = () => undefined;
  timer.advance(100);
  await watch.synced;
  t.ok(watch.ready());
});

t.test("a page that expired starts the list from its beginning, and half a list is never used", async (t) => {
  const { api, timer, restarts, watch, enforced } = await watching(t);
  for (let i = 0; i < 150; i += 1) api.put(NAMESPACES, namespace(`ns${i}`, "signed"));
  await until(async () => (await enforced("ns149")) === "signed");
  api.fault = ({ query }) => (query.has("continue") ? { status: 410, body: expired() } : undefined);
  timer.advance(WATCH_LIFE);
  await restarts.next();
  timer.advance(100);
  t.match(await restarts.next(), { code: "Expired" });
  t.equal(await enforced("ns149"), "signed");
  t.ok(watch.ready());
});

t.test("an old watch is not believed", async (t) => {
  const { api, timer, open, enforced, watch, restarts, call } = await watching(t);
  api.quiet = true;
  api.put(NAMESPACES, namespace("shop", "signed"));
  timer.advance(20_000);
  api.fault = ({ kind }) => (kind === "get" ? undefined : "hang");
  open.bookmark();
  await until(() => watch.ageSeconds() === 0);
  open.drop();
  await restarts.next();
  timer.advance(60_000);
  t.equal(watch.ageSeconds(), 60);
  t.equal(await enforced("shop"), "none", "at 60 s the copy still counts");
  timer.advance(1);
  t.equal(await enforced("shop"), "signed", "beyond, the API server is asked");
  api.fault = () => "drop";
  t.match(await failureOf(UndeterminedError, watch.labels("shop", call())), { code: "NamespaceUnknown" });
});

t.test("a GET that answers something else than the namespace", async (t) => {
  const { api, watch, call } = await bench(t);
  const cases: readonly (readonly [fault: Fault, code: string, message: RegExp])[] = [
    [{ status: 403, body: {} }, "NamespaceUnknown", /\(403\); grant get on namespaces/],
    [{ status: 404, body: "404 page not found" }, "NamespaceUnknown", /answered 404/],
    [{ status: 200, body: "<html>" }, "NamespaceUnknown", /not JSON/],
    [{ status: 200, body: namespace("other", "none") }, "NamespaceUnknown", /another namespace/],
    [{ status: 200, body: {} }, "NamespaceUnknown", /without a name/],
    [{ status: 500, body: {} }, "NamespaceUnknown", /answered 500/],
    ["drop", "NamespaceUnknown", /connection/],
  ];
  for (const [fault, code, message] of cases) {
    api.fault = () => fault;
    for (const method of ["labels", "freshLabels"] as const) {
      t.match(await failureOf(UndeterminedError, watch[method]("shop", call())), { code, message: new RegExp(`namespace shop .*${message.source}`) }, `${method} ${message.source}`);
    }
  }
});

t.test("a namespace that does not exist has no labels, and a name that none can have is not asked for", async (t) => {
  const { api, watch, call } = await bench(t);
  t.equal((await watch.labels("nowhere", call())).size, 0);
  t.equal(api.requests.length, 1);
  for (const name of ["", "..", ".", "a/b", "shop?x", "Shop", "-shop", "shop-", "a..b", "a".repeat(254)]) {
    t.equal((await watch.freshLabels(name, call())).size, 0, name);
  }
  t.equal(api.requests.length, 1);
  t.equal((await watch.labels("a.b-c.0", call())).size, 0);
  t.equal(api.requests.length, 2);
});

t.test("fresh labels are asked for each time; fallbacks at the same time are one GET", async (t) => {
  const { api, watch, call, timer } = await watching(t);
  api.quiet = true;
  api.put(NAMESPACES, namespace("shop", "signed"));
  t.equal((await watch.freshLabels("shop", call())).get(LABEL), "signed");
  await Promise.all([watch.freshLabels("shop", call()), watch.freshLabels("shop", call())]);
  t.equal(api.requests.filter(({ kind }) => kind === "get").length, 3);

  api.put(NAMESPACES, namespace("new", "verified"));
  const answers = await Promise.all([watch.labels("new", call()), watch.labels("new", call()), watch.labels("new", call())]);
  t.strictSame(
    answers.map((labels) => labels.get(LABEL)),
    ["verified", "verified", "verified"],
  );
  t.equal(api.requests.filter(({ kind }) => kind === "get").length, 4);
  await watch.labels("new", call());
  t.equal(api.requests.filter(({ kind }) => kind === "get").length, 5, "and are not kept");

  api.fault = () => "hang";
  const hurried = failureOf(UndeterminedError, watch.labels("new", call(1_000)));
  const patient = failureOf(UndeterminedError, watch.labels("new", call()));
  const gone = failureOf(UndeterminedError, watch.labels("new", { ...call(), signal: AbortSignal.abort() }));
  t.match(await gone, { code: "DeadlineExceeded" });
  timer.advance(1_000);
  t.match(await hurried, { code: "DeadlineExceeded" });
  timer.advance(4_000);
  t.match(await patient, { code: "NamespaceUnknown" }, "one caller's deadline does not fail the others");
});

t.test("stops wherever it is, and leaves nothing behind", async (t) => {
  await t.test("in a watch", async (t) => {
    const { watch, timer } = await watching(t);
    await watch.stop();
    t.strictSame(timer.alarms(), []);
  });
  await t.test("in a list", async (t) => {
    const { api, watch, timer } = await bench(t);
    api.fault = () => "hang";
    watch.start();
    await watch.stop();
    t.strictSame(timer.alarms(), []);
  });
  await t.test("in a pause", async (t) => {
    const { api, watch, timer, restarts } = await bench(t);
    api.fault = () => "drop";
    watch.start();
    const cause = await restarts.next();
    t.type(cause, ClusterError);
    await watch.stop();
    t.strictSame(timer.alarms(), []);
    t.equal(api.requests.length, 1);
  });
  await t.test("before it has started", async (t) => {
    const { watch } = await bench(t);
    await watch.stop();
  });
});

t.test("namespaces of the configuration", async (t) => {
  const namespaces = new ConfiguredNamespaces(new Map([["shop", new Map([[LABEL, "signed"]])]]));
  t.strictSame([...(await namespaces.labels("shop"))], [[LABEL, "signed"]]);
  t.strictSame([...(await namespaces.freshLabels("shop"))], [[LABEL, "signed"]]);
  t.equal((await namespaces.labels("constructor")).size, 0);
});
