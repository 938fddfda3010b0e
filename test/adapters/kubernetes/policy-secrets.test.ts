import t, { type Test } from "tap";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { PolicySecrets } from "../../../src/adapters/kubernetes/policy-secrets.ts";
import type { SecretText } from "../../../src/trust/resolve.ts";
import { type ApiClient, apiClient } from "../../helpers/api-client.ts";
import { type ApiServerDouble, base64, type Fault, type Stored } from "../../helpers/api-server-double.ts";
import { secretsOf, textSecret } from "../../helpers/policy-objects.ts";
import { until } from "../../helpers/until.ts";

const ROUND = 10_000;
const REF = { namespace: "shop", name: "cosign", key: "cosign.pub" };

interface Bench extends ApiClient {
  readonly secrets: PolicySecrets;
  /** What a request would find. */
  readonly text: () => Promise<SecretText>;
  /** So many rounds go by. */
  readonly rounds: (count: number) => Promise<void>;
}

async function bench(t: Test): Promise<Bench> {
  const world = await apiClient(t);
  const { timer, client, call } = world;
  const secrets = new PolicySecrets(client, timer);
  t.teardown(() => secrets.stop());
  const text = async (): Promise<SecretText> => {
    await secrets.settle([REF], call());
    return secrets.text(REF);
  };
  const rounds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      timer.advance(ROUND);
      await until(() => timer.alarms().join() === String(ROUND));
    }
  };
  return { ...world, secrets, text, rounds };
}

function put(api: ApiServerDouble, text: string): void {
  api.put(secretsOf("shop"), textSecret("cosign", { "cosign.pub": text, "cosign.key": "secret-word" }));
}

t.test("what a Secret can be instead of a text", async (t) => {
  const { api, timer, text, secrets } = await bench(t);
  const good = textSecret("cosign", { "cosign.pub": "one" });
  const cases: readonly (readonly [secret: Stored, message: RegExp])[] = [
    [{ ...good, data: {} }, /^the Secret shop\/cosign has no key cosign\.pub$/],
    [{ metadata: good.metadata }, /has no key cosign\.pub$/],
    [{ ...good, data: { "cosign.pub": 1 } }, /has no key cosign\.pub$/],
    [{ ...good, data: { "cosign.pub": "secret-word" } }, /shop\/cosign has under cosign\.pub is not base64/],
    [{ ...good, data: { "cosign.pub": base64("secret-word".repeat(6_000)) } }, /shop\/cosign has under cosign\.pub is longer than 65536 bytes$/],
  ];
  t.match(await text(), { kind: "absent", message: "there is no Secret shop/cosign" });
  for (const [secret, message] of cases) {
    api.put(secretsOf("shop"), secret);
    timer.advance(60_001);
    t.match(await text(), { kind: "absent", message });
    t.notMatch(secrets.text(REF), { message: /secret-word/ });
  }
  api.put(secretsOf("shop"), good);
  timer.advance(60_001);
  t.strictSame(await text(), { kind: "text", text: "one" });
});

t.test("a Secret that cannot be read", async (t) => {
  const { api, text, call, secrets, timer } = await bench(t);
  put(api, "one");
  const faults: readonly (readonly [fault: Fault, message: RegExp])[] = [
    [{ status: 403, body: {} }, /\(403\); grant get on secrets in namespace shop to/],
    [{ status: 404, body: "404 page not found" }, /answered 404/],
    [{ status: 200, body: textSecret("other", { "cosign.pub": "two" }) }, /another object/],
    ["drop", /connection/],
  ];
  for (const [fault, message] of faults) {
    api.fault = () => fault;
    t.match(await text(), { kind: "unknown", message: new RegExp(`^the Secret shop/cosign could not be read: .*${message.source}`) });
  }
  api.fault = () => "hang";
  const late = secrets.settle([REF], call(1_000));
  await until(() => timer.alarms().join() === "1000,5000");
  timer.advance(1_000);
  await t.rejects(late, new ClusterError("DeadlineExceeded", "the API server did not answer in the time that was left"));
  timer.advance(4_000);
  await new Promise(setImmediate);
  api.fault = () => undefined;
  t.strictSame(await text(), { kind: "text", text: "one" }, "no failure is kept");
});

t.test("is read again every 10 s, and moves the revision only when it is another", async (t) => {
  const { api, secrets, text, rounds } = await bench(t);
  put(api, "one");
  secrets.keep([REF]);
  secrets.start();
  t.strictSame(await text(), { kind: "text", text: "one" });
  const { revision } = secrets;
  await rounds(2);
  t.equal(api.requests.length, 3);
  t.equal(secrets.revision, revision);
  put(api, "two");
  await rounds(1);
  t.strictSame(secrets.text(REF), { kind: "text", text: "two" });
  t.not(secrets.revision, revision);
  api.remove(secretsOf("shop"), "cosign");
  await rounds(1);
  t.match(secrets.text(REF), { kind: "absent" });
  secrets.keep([]);
  t.match(secrets.text(REF), { kind: "unknown" });
  const asked = api.requests.length;
  await rounds(1);
  t.equal(api.requests.length, asked, "nobody names it any more");
});

t.test("the last good text is believed for 60 s of an outage", async (t) => {
  const { api, timer, secrets, text, rounds } = await bench(t);
  put(api, "one");
  secrets.keep([REF]);
  secrets.start();
  await text();
  put(api, "two");
  api.fault = () => "drop";
  await rounds(5);
  timer.advance(9_000);
  const asked = api.requests.length;
  t.strictSame(await text(), { kind: "text", text: "one" }, "after 59 s");
  t.equal(api.requests.length, asked, "without asking");
  timer.advance(2_000);
  t.match(await text(), { kind: "unknown", message: /shop\/cosign could not be read/ }, "after 61 s");
  api.fault = () => undefined;
  t.strictSame(await text(), { kind: "text", text: "two" }, "asked for directly, and there again");
});

t.test("however many are named, a few are asked for at a time", async (t) => {
  const { api, secrets, timer } = await bench(t);
  api.fault = () => "hang";
  secrets.keep(Array.from({ length: 100 }, (_, i) => ({ ...REF, name: `s${i}` })));
  await until(() => api.requests.length === 8 && timer.alarms().length === 8);
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  t.equal(api.requests.length, 8);
});
