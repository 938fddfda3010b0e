import t, { type Test } from "tap";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { WatchedObject } from "../../../src/adapters/kubernetes/watched-object.ts";
import { apiClient } from "../../helpers/api-client.ts";
import { Queue } from "../../helpers/queue.ts";
import { until } from "../../helpers/until.ts";

const SECRETS = "/api/v1/namespaces/pratique-system/secrets";
const PLACE = { resource: "secrets", path: SECRETS.slice(1).split("/"), name: "mine" };
const RECORDER = { watchRestarted: () => undefined, secretIgnored: () => undefined, statusNotWritten: () => undefined };

async function bench(t: Test) {
  const world = await apiClient(t);
  const changes = new Queue<"changed">();
  const watched = new WatchedObject(world.client, PLACE, { timer: world.timer, recorder: RECORDER, jitter: () => 0, changed: () => changes.push("changed") });
  t.teardown(() => watched.stop());
  world.api.serve(SECRETS);
  return { ...world, watched, changes };
}

t.test("asks for the one object, and follows it", async (t) => {
  const { api, watched, changes } = await bench(t);
  t.same(watched.seen(), { kind: "unknown" });
  api.put(SECRETS, { metadata: { name: "mine" }, data: { a: "1" } });
  api.put(SECRETS, { metadata: { name: "another" }, data: { a: "x" } });
  watched.start();
  await changes.next();
  t.match(watched.seen(), { kind: "present", object: { data: { a: "1" } } });
  const open = await api.watches.next();
  t.equal(open.query.get("fieldSelector"), "metadata.name=mine", "which is what RBAC needs to grant a watch by a name");
  t.equal(api.requests.find(({ kind }) => kind === "list")?.query.get("fieldSelector"), "metadata.name=mine");
  api.remove(SECRETS, "mine");
  await until(() => watched.seen().kind === "absent");
});

t.test("replaces what it has seen, under our field manager, and nothing newer", async (t) => {
  const { api, watched, changes } = await bench(t);
  api.put(SECRETS, { metadata: { name: "mine" }, type: "Opaque" });
  watched.start();
  await changes.next();
  const seen = watched.seen();
  const object = seen.kind === "present" ? seen.object : {};
  await watched.replace({ ...object, data: { a: "1" } });
  t.match(api.object(SECRETS, "mine"), { type: "Opaque", data: { a: "1" } });
  const { method, query } = await api.writes.next();
  t.same([method, query.get("fieldManager")], ["PUT", "pratique"]);
  await t.rejects(watched.replace({ ...object, data: { a: "2" } }), { code: "Conflict" });
  t.match(api.object(SECRETS, "mine"), { data: { a: "1" } });
  api.fault = ({ kind }) => (kind === "write" ? { status: 403, body: {} } : undefined);
  await t.rejects(watched.replace(object), new ClusterError("Forbidden", "mine (secrets) could not be written: the API server does not allow it (403); grant update on secrets to the account that Pratique runs as (RBAC)"));
});

t.test("what an API server that has been silent for a minute said last is not believed", async (t) => {
  const { api, timer, watched, changes } = await bench(t);
  api.put(SECRETS, { metadata: { name: "mine" } });
  watched.start();
  await changes.next();
  await api.watches.next();
  api.fault = () => "hang";
  for (let seconds = 0; seconds < 70; seconds += 1) {
    timer.advance(1_000);
    await new Promise(setImmediate);
  }
  t.same(watched.seen(), { kind: "unknown" });
});
