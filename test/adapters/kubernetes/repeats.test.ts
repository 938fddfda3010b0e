// Questions to the API server that are put again, with the waits between them in the test's hand.
import { join } from "node:path";
import t, { type Test } from "tap";
import { ClusterClient } from "../../../src/adapters/kubernetes/cluster-client.ts";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { ApiServerDouble, type Fault } from "../../helpers/api-server-double.ts";
import { temporaryFolder } from "../../helpers/folder.ts";
import { handTimer } from "../../helpers/hand-timer.ts";
import { until } from "../../helpers/until.ts";

const SHOP = { path: ["api", "v1", "namespaces", "shop"] };

const WAITS: ReadonlySet<number> = new Set([200, 600]);

async function bench(t: Test) {
  const api = await ApiServerDouble.start();
  api.put("/api/v1/namespaces", { metadata: { name: "shop" } });
  const timer = handTimer();
  const file = join(await temporaryFolder(t, { kubeconfig: api.kubeconfig() }), "kubeconfig");
  const client = new ClusterClient({ kind: "kubeconfig", file }, timer, { attempts: 3, jitter: () => 1 });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  /** Meets a fault so many times, then the API server: what it came to, and how often it was asked. */
  const ask = async (count: number, fault: Fault, question = SHOP, milliseconds = 60_000) => {
    let met = 0;
    api.fault = () => {
      met += 1;
      return met <= count ? fault : undefined;
    };
    const over = new AbortController();
    const came = client.get(question, { deadline: timer.now() + milliseconds, signal: new AbortController().signal }).then(
      () => "answered",
      (error: unknown) => (error instanceof ClusterError ? error.code : String(error)),
    );
    void came.finally(() => over.abort());
    while (!over.signal.aborted) {
      // Each exchange has an alarm of its own, which is no wait between two.
      const isWait = (): boolean => WAITS.has(timer.alarms()[0] ?? 0);
      await until(() => over.signal.aborted || isWait());
      if (isWait()) timer.advance(timer.alarms()[0] ?? 0);
    }
    return { came: await came, asked: met };
  };
  return { client, timer, api, ask };
}

t.test("what fails quickly is asked again, and then no more", async (t) => {
  const { ask } = await bench(t);
  for (const fault of ["drop", { status: 500, body: {} }, { status: 503, body: {} }] as const) {
    t.same(await ask(2, fault), { came: "answered", asked: 3 });
    t.same(await ask(9, fault), { came: "Unavailable", asked: 3 });
  }
});

t.test("an answer is an answer", async (t) => {
  const { ask } = await bench(t);
  t.same(await ask(9, { status: 403, body: {} }), { came: "Forbidden", asked: 1 });
  t.same(await ask(9, { status: 410, body: {} }), { came: "Expired", asked: 1 });
  t.same(await ask(0, "drop", { path: ["api", "v1", "namespaces", "absent"] }), { came: "NotFound", asked: 1 });
});

t.test("not when there is no time left for it", async (t) => {
  const { ask } = await bench(t);
  t.same(await ask(9, "drop", SHOP, 150), { came: "Unavailable", asked: 1 });
});

t.test("what is written is sent once", async (t) => {
  const { client, timer, api } = await bench(t);
  let sent = 0;
  api.fault = () => {
    sent += 1;
    return "drop";
  };
  await t.rejects(client.send({ method: "PUT", body: { metadata: { name: "shop" } }, ...SHOP }, { deadline: timer.now() + 60_000, signal: new AbortController().signal }), { code: "Unavailable" });
  t.equal(sent, 1);
});
