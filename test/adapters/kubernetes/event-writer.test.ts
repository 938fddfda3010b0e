import t, { type Test } from "tap";
import type { Announcement } from "../../../src/admission/announcement.ts";
import { eventNote } from "../../../src/adapters/kubernetes/event-object.ts";
import { EventWriter } from "../../../src/adapters/kubernetes/event-writer.ts";
import { apiClient, type ApiClient } from "../../helpers/api-client.ts";
import { until } from "../../helpers/until.ts";

const EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events";
const REFUSED: Announcement = {
  namespace: "shop",
  about: { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5c9", uid: "uid-1" },
  action: "Refuse",
  reason: "Unsigned",
  lines: ['container "web": registry.example.com/web:1 is not signed (Unsigned)'],
};

async function start(t: Test) {
  const results: string[] = [];
  const faults: Error[] = [];
  const parts: ApiClient = await apiClient(t);
  const recorder = { event: (result: string) => void results.push(result), eventsNotWritten: (cause: Error) => void faults.push(cause) };
  const writer = new EventWriter(parts.client, { timer: parts.timer, recorder, holder: "pratique-0-ab12" });
  t.teardown(() => writer.stop());
  parts.api.serve(EVENTS);
  return { ...parts, writer, results, faults };
}

t.test("an announcement is an Event beside the object that it is about", async (t) => {
  const { api, writer, timer } = await start(t);
  writer.announce(REFUSED);
  const { method, path, body } = await api.writes.next();
  t.same([method, path], ["POST", EVENTS]);
  const { metadata, ...rest } = body ?? { metadata: { name: "" } };
  t.match(metadata, { name: /^web-5c9\.[0-9a-f]{16}$/, namespace: "shop" });
  t.same(rest, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    eventTime: new Date(timer.now()).toISOString().replace("Z", "000Z"),
    reportingController: "pratique.dev/pratique",
    reportingInstance: "pratique-0-ab12",
    action: "Refuse",
    reason: "Unsigned",
    type: "Warning",
    regarding: { ...REFUSED.about, namespace: "shop" },
    note: REFUSED.lines[0],
  });
});

t.test("the same again is counted, and written once a minute as a series", async (t) => {
  const { api, writer, timer, results } = await start(t);
  const other: Announcement = { ...REFUSED, reason: "ImageNotFound" };
  writer.announce(REFUSED);
  const name = (await api.writes.next()).body?.metadata.name;
  for (let i = 0; i < 3; i += 1) writer.announce(REFUSED);
  writer.announce(other);
  t.match(await api.writes.next(), { method: "POST", body: { reason: "ImageNotFound" } }, "nothing was written in between");
  await until(() => results.length === 2);
  timer.advance(60_000);
  writer.announce(REFUSED);
  t.match(await api.writes.next(), { method: "PATCH", path: `${EVENTS}/${name}`, contentType: "application/merge-patch+json", body: { series: { count: 5, lastObservedTime: /\.\d{6}Z$/ } } });
  await until(() => results.length === 3);
  api.remove(EVENTS, name ?? "");
  timer.advance(60_000);
  writer.announce(REFUSED);
  t.match(await api.writes.next(), { method: "PATCH" });
  t.match(await api.writes.next(), { method: "POST", body: { reason: "Unsigned" } }, "the API server has forgotten it");
  await until(() => results.length === 4);
  t.same(results, ["written", "written", "written", "written"]);
});

t.test("nobody waits, and what is too much is dropped and counted", async (t) => {
  const { api, writer, results } = await start(t);
  api.fault = () => "hang";
  for (let i = 0; i < 2_100; i += 1) writer.announce({ ...REFUSED, lines: [`image ${i}`] });
  t.same(results, Array.from({ length: 99 }, () => "dropped"), "one is under way and 2,000 wait");
  await api.writes.next();
  await writer.stop();
  t.equal(results.length, 2_100, "what waits at the end is given up");
  t.same(new Set(results), new Set(["dropped", "failed"]));
  writer.announce(REFUSED);
  t.equal(results.at(-1), "dropped");
});

t.test("what keeps them from being written is told once, with what to grant", async (t) => {
  const { api, writer, results, faults } = await start(t);
  api.fault = () => ({ status: 403, body: { kind: "Status", code: 403 } });
  for (const line of ["one", "two"]) writer.announce({ ...REFUSED, lines: [line] });
  for (let i = 0; i < 2; i += 1) await api.writes.next();
  api.fault = () => undefined;
  writer.announce(REFUSED);
  await api.writes.next();
  await until(() => results.length === 3);
  t.same(results, ["failed", "failed", "written"]);
  t.match(faults, [{ message: /an Event could not be written: .*grant create and patch on events\.events\.k8s\.io/ }]);
  t.equal(faults.length, 1);
});

t.test("a namespace of a forged review leads nowhere else", async (t) => {
  const { api, writer, results } = await start(t);
  for (const namespace of ["..", "", "shop/../kube-system", "%2e%2e"]) writer.announce({ ...REFUSED, namespace });
  writer.announce(REFUSED);
  await api.writes.next();
  t.same(api.requests.map(({ path }) => path), [EVENTS]);
  t.same(results.slice(0, 4), ["dropped", "dropped", "dropped", "dropped"]);
});

t.test("names and notes are what the API server takes, whatever was written", async (t) => {
  const { api, writer } = await start(t);
  for (const [name, expected] of [
    ["web-", /^web\.[0-9a-f]+$/],
    ["", /^pratique\.[0-9a-f]+$/],
    ["../../secrets", /^pratique\.[0-9a-f]+$/],
    ["a".repeat(253), /^a{200}\.[0-9a-f]+$/],
  ] as const) {
    writer.announce({ ...REFUSED, about: { ...REFUSED.about, name } });
    t.match((await api.writes.next()).body?.metadata.name, expected, JSON.stringify(name));
  }
  const long = Array.from({ length: 100 }, (_, i) => `container "ü${i}": ${"é".repeat(40)}`);
  for (const lines of [long, ["ü".repeat(2_000)], ["a\nb\u001b[2K"]]) {
    const note = eventNote({ ...REFUSED, lines });
    t.ok(Buffer.byteLength(note) <= 1024, "at most a kilobyte");
    t.notOk(note.includes("\ufffd\ufffd") || note.includes("\u001b"));
  }
});
