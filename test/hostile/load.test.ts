import { once } from "node:events";
import { connect } from "node:tls";
import t from "tap";
import { hold } from "../helpers/registry-faults.ts";
import { until } from "../helpers/until.ts";
import { outcomeOf, reviewOf, start, staysSmall } from "./caller.ts";

t.setTimeout(180_000);

const MIB = 1024 * 1024;

t.test("more large objects than there is room for", async (t) => {
  const fixture = await start(t);
  const { webhook, registry, isServed } = fixture;
  const held = hold();
  registry.fault("manifests/unsigned", held.behaviour);
  const large = reviewOf([`${registry.host}/shop/web:unsigned`], 3 * MIB);
  const flood = Array.from({ length: 16 }, () => webhook.post(large));
  await held.reached;
  const early = await Promise.race(flood);
  t.match(outcomeOf(early), /^(Overloaded|429)$/, "who is turned away hears of it at once");
  t.equal(await isServed("beside"), true, "a Pod of the usual size gets in meanwhile");
  held.release();
  const answers = await Promise.all(flood);
  const count = (outcome: string): number => answers.filter((answer) => outcomeOf(answer) === outcome).length;
  t.equal(count("Unsigned") + count("Overloaded") + count("429"), 16, "every one is refused");
  t.ok(count("Unsigned") > 0 && count("Unsigned") <= 2, "as many are judged as there is room for");
  t.ok(count("429") > 0, "beyond what may be read");
  for (const { status, headers } of answers) if (status === 429) t.equal(headers["retry-after"], "1");
  t.equal(outcomeOf(await webhook.post(large)), "Unsigned", "and afterwards there is room again");
  await staysSmall(t, fixture);
});

t.test("workloads beyond any that exist", async (t) => {
  const fixture = await start(t);
  const { webhook, registry, isServed } = fixture;
  const image = (i: number): string => `${registry.host}/shop/web${i}:v1`;
  const many = Array.from({ length: 3400 }, () => `${registry.host}/shop/web:unsigned`);
  const distinct = Array.from({ length: 1000 }, (_, i) => image(i));
  const answers = [webhook.post(reviewOf(many)), webhook.post(reviewOf(distinct))];
  t.equal(await isServed("beside"), true);
  const [same, different] = await Promise.all(answers);
  t.equal(same && outcomeOf(same), "Unsigned");
  t.match(different && outcomeOf(different), /ImageNotFound/);
  t.equal(registry.requestLines().filter((line) => line.endsWith("web/manifests/unsigned")).length, 1, "one image is looked up once");
  await staysSmall(t, fixture);
});

t.test("bodies count from their headers to their end, wherever they are sent", async (t) => {
  const { webhook, registry, isServed } = await start(t);
  const large = reviewOf([`${registry.host}/shop/web:unsigned`], 3 * MIB);
  const sockets = [0, 1].map(() => connect({ host: "127.0.0.1", port: webhook.port, ...webhook.trust }));
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, "secureConnect")));
  for (const socket of sockets) socket.write(`POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${5 * MIB}\r\n\r\n`);
  await until(async () => outcomeOf(await webhook.post(large)) === "429");
  t.equal(await isServed("beside"), true, "a Pod of the usual size gets in meanwhile");
  for (const socket of sockets) socket.destroy();
  await until(async () => outcomeOf(await webhook.post(large)) === "Unsigned");
  t.pass("who has gone makes room");
});
