import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import t from "tap";
import { createAuthority } from "../helpers/certificates.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { outcomeOf, reviewOf, start, staysSmall } from "./caller.ts";

t.setTimeout(180_000);

const HEAD = "POST /validate/enforce HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

t.test("a thousand connections that say nothing, or little", async (t) => {
  const fixture = await start(t);
  const { webhook, isServed } = fixture;
  const words = ["", "POST /val", HEAD, `${HEAD}content-length: 1000\r\n\r\n{`];
  const sockets: TLSSocket[] = [];
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 1000; i += 50) {
    const opened = Array.from({ length: 50 }, () => connect({ host: "127.0.0.1", port: webhook.port, ...webhook.trust }));
    sockets.push(...opened);
    for (const socket of opened) socket.on("error", () => undefined);
    await Promise.all(opened.map((socket) => once(socket, "secureConnect")));
    for (const [j, socket] of opened.entries()) socket.write(words[j % words.length] ?? "");
    if (i % 200 === 0) t.equal(await isServed(`beside-${i}`), true, `beside ${sockets.length} connections`);
  }
  await staysSmall(t, fixture);
});

t.test("garbage, as fast as it is answered", async (t) => {
  const fixture = await start(t);
  const { webhook, isServed } = fixture;
  const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  const garbage: readonly (readonly [string, string])[] = [
    ["", "400"],
    ["\u0000\u0001", "400"],
    ["{", "400"],
    ["null", "400"],
    [deep, "400"],
    ["[".repeat(1_000_000), "400"],
    [JSON.stringify({ apiVersion: "admission.k8s.io/v1beta1", kind: "AdmissionReview", request: { uid: "1" } }), "400"],
    [JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "1" } }), "InvalidRequest"],
    [reviewOf([]), "InvalidRequest"],
    [reviewOf(["!"]), "InvalidReference"],
  ];
  for (let round = 0; round < 10; round += 1) {
    const answers = garbage.flatMap((each) => Array.from({ length: 5 }, async () => [outcomeOf(await webhook.post(each[0])), each[1]] as const));
    const served = isServed(`round-${round}`);
    for (const [outcome, expected] of await Promise.all(answers)) if (outcome !== expected) t.equal(outcome, expected);
    t.equal(await served, true, "a good image beside it");
  }
  await staysSmall(t, fixture);
});

t.test("compressed bodies are not unpacked", async (t) => {
  const { webhook } = await start(t);
  for (const encoding of ["gzip", "br", "identity, gzip"]) {
    t.equal(outcomeOf(await webhook.post(reviewOf([]), "10s", { "content-encoding": encoding })), "415", encoding);
  }
});

t.test("reviews of somebody who is not the API server", async (t) => {
  const authority = await createAuthority("API server");
  const stranger = await (await createAuthority("stranger")).issue({ use: "client" });
  const dir = await temporaryFolder(t, { "ca.crt": authority.cert });
  const fixture = await start(t, { clientCAFile: `${dir}/ca.crt` });
  const { webhook, registry } = fixture;
  const review = reviewOf([`${registry.host}/shop/web:unsigned`]);
  const forged = [webhook.as({}), webhook.as(stranger)].flatMap((caller) => Array.from({ length: 100 }, () => caller.post(review)));
  const genuine = webhook.as(await authority.issue({ use: "client" }));
  t.equal(outcomeOf(await genuine.post(review)), "Unsigned", "the API server is answered meanwhile");
  for (const answer of await Promise.all(forged)) if (outcomeOf(answer) !== "403") t.equal(outcomeOf(answer), "403");
  t.equal(registry.requestLines().filter((line) => line.endsWith("manifests/unsigned")).length, 1, "no forged review made us ask anything");
  await staysSmall(t, fixture);
});
