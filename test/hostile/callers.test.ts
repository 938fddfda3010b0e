import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import { createAuthority } from "../helpers/certificates.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { hold } from "../helpers/registry-faults.ts";
import { minimalReview } from "../helpers/reviews.ts";
import { key } from "./case.ts";
import { type Answer, MAX_RESIDENT, startWebhook, type Webhook } from "./webhook.ts";

t.setTimeout(180_000);

const MIB = 1024 * 1024;

interface Fixture {
  readonly webhook: Webhook;
  readonly registry: RegistryDouble;
  /** That a Pod with this signed image, asked for by nobody else, is let in. */
  readonly isServed: (tag: string) => Promise<boolean>;
}

async function start(t: Test, tlsSettings: object = {}): Promise<Fixture> {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  push(registry, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  const config = { registries: [{ host: registry.host, plainHTTP: true, allowPrivate: true }], namespaces: { shop: { "pratique.dev/enforce": "signed" } } };
  const webhook = await startWebhook(t, { config, zone: {} }, tlsSettings);
  const isServed = async (tag: string): Promise<boolean> => {
    signLegacy(registry, "shop/web", push(registry, "shop/web", imageManifest({ seed: tag }), tag), { key });
    return (await webhook.post(reviewOf([`${registry.host}/shop/web:${tag}`]))).body.response?.allowed === true;
  };
  return { webhook, registry, isServed };
}

/** A review of a Pod with these images, and so many bytes of annotations. */
function reviewOf(images: readonly string[], bytes = 0): string {
  const review = minimalReview();
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  const metadata = bytes === 0 ? {} : { annotations: { note: "x".repeat(bytes) } };
  return JSON.stringify({ ...review, request: { ...review.request, object: { kind: "Pod", metadata, spec: { containers } } } });
}

/** What an answer comes to: its status, and for a review the reasons. Nothing here may ever be an allow. */
function outcomeOf({ status, body: { response } }: Answer): string {
  if (response === undefined) return String(status);
  return response.allowed ? "allowed" : [...new Set(response.status?.details?.causes?.map(({ reason }) => reason))].join();
}

async function staysSmall(t: Test, { webhook }: Fixture): Promise<void> {
  const peak = await webhook.peak();
  t.ok(peak < MAX_RESIDENT, `${Math.round(peak / 1e6)} MB resident`);
}

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

t.test("more large objects than there is room for", async (t) => {
  const fixture = await start(t);
  const { webhook, registry, isServed } = fixture;
  const held = hold();
  registry.fault("manifests/unsigned", held.behaviour);
  const large = reviewOf([`${registry.host}/shop/web:unsigned`], 3 * MIB);
  const flood = Array.from({ length: 40 }, () => webhook.post(large));
  await held.reached;
  const early = await Promise.race(flood);
  t.match(outcomeOf(early), /^(Overloaded|429)$/, "who is turned away hears of it at once");
  t.equal(await isServed("beside"), true, "a Pod of the usual size gets in meanwhile");
  held.release();
  const answers = await Promise.all(flood);
  const count = (outcome: string): number => answers.filter((answer) => outcomeOf(answer) === outcome).length;
  t.equal(count("Unsigned") + count("Overloaded") + count("429"), 40, "every one is refused");
  t.ok(count("Unsigned") > 0 && count("Unsigned") <= 4, "as many are judged as there is room for");
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
