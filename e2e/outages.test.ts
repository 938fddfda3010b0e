// What is answered in which outage, as docs/outages.md has it, and how long that takes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { createPod, makeNamespace } from "./harness/ask.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startOutages } from "./harness/outages.ts";
import { CHECKOUT } from "./harness/pratique.ts";
import { type Outcome, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

/** What the chart has the API server wait for. */
const API_SERVER_MS = 10_000;

t.plan(PLANS.outages);

const folder = await temporaryFolder();
const outages = await startOutages(folder);
const world = await startWorld({
  registries: ["plain"],
  images: ["unsigned", "cosign2-simple-signing"],
  settings: ([plain]) => ({
    // What was found counts as old at once.
    cache: { foundSeconds: 0, tagSeconds: 0 },
    registries: [{ host: plain?.host, plainHTTP: true, allowPrivate: true }, ...outages.map(({ settings }) => settings)],
  }),
});
t.teardown(async () => {
  await world.stop();
  await Promise.all(outages.map((outage) => outage.stop()));
  await folder.remove();
});

const { cluster, pratique } = world;
const healthy = world.registry("plain").host;
await makeNamespace(cluster, "closed", { enforce: "signed" });
await makeNamespace(cluster, "both-keys", { enforce: "signed", "on-outage": "allow" });
const expected = documented();

t.test("every outage of the documentation is tried, and none has begun", async (t) => {
  t.same(outages.map(({ name }) => name), [...expected.keys()]);
  for (const { host, image } of outages) {
    if (image !== undefined) t.equal(cellOf(await createPod(cluster, "closed", `${host}/shop/web@${image}`)), "admitted", `${host} answers`);
  }
});

for (const outage of outages) {
  t.test(`a registry that ${outage.name}`, async (t) => {
    const { host, image } = outage;
    await outage.begin();
    const cells = [
      await timed(t, "a new image", "closed", `${host}/shop/web:1`),
      await timed(t, "with both keys turned", "both-keys", `${host}/shop/web:1`),
      image === undefined ? "-" : await timed(t, "a digest found before", "closed", `${host}/shop/web@${image}`),
    ];
    t.same(cells, expected.get(outage.name));
  });
}

t.test("a registry that is known not to answer costs no waiting", async (t) => {
  const silent = outages.find(({ name }) => name === "is silent");
  const answer = await until("it is left alone", async () => {
    const started = performance.now();
    const { stderr } = await createPod(cluster, "closed", `${silent?.host}/shop/web:1`);
    const took = Math.round(performance.now() - started);
    // The one for whom it is asked again waits for three seconds of silence.
    return stderr.includes("has not been answering for a while, and is asked again") && took < 3_000 ? took : undefined;
  });
  t.comment(`refused after ${answer} ms`);
});

t.test("an outage lets nothing in beside what is untrusted, and is counted by namespace", async (t) => {
  const down = outages.find(({ name }) => name === "is stopped");
  const spec = { containers: [{ name: "web", image: `${down?.host}/shop/web:1` }, { name: "other", image: `${healthy}/unsigned:1` }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { generateName: "web-" }, spec };
  const { status, stderr } = await cluster.kubectl(["create", "-n", "both-keys", "-f", "-"], { input: JSON.stringify(pod) });
  t.equal(status, 1);
  t.match(stderr, /\(RegistryUnavailable\)/);
  t.match(stderr, /\(Unsigned\)/);
  const unchecked = [...expected.values()].filter(([, cell]) => cell === "admitted, unchecked").length;
  t.equal(await pratique.metric("pratique_outage_admissions_total", { resource_namespace: "both-keys" }), unchecked);
  t.ok((await pratique.metric("pratique_cache_lookups_total", { cache: "signatures", result: "stale" })) > 0);
  const annotations = (await cluster.auditEvents()).map((event) => event.annotations ?? {});
  for (const [key, words] of [["outage", "It is admitted unchecked"], ["stale", "That was found"]] as const) {
    t.ok(annotations.some((each) => each[`enforce.pratique.dev/${key}`]?.includes(words)), `the audit log has ${key}`);
  }
});

t.test("the API server is stopped: what has to be asked of it is refused", async (t) => {
  const object = (image: string) => ({ metadata: { name: "web" }, spec: { containers: [{ name: "web", image }], imagePullSecrets: [{ name: "never-read" }] } });
  const ask = async (): Promise<{ readonly allowed: boolean; readonly message: string }> => {
    const started = performance.now();
    const { allowed, status } = await pratique.review("/validate/enforce?timeout=10s", { namespace: "closed", object: object(`${healthy}/cosign2-simple-signing:1`) });
    const took = Math.round(performance.now() - started);
    t.comment(`${allowed ? "admitted" : "refused"} after ${took} ms`);
    t.ok(took < API_SERVER_MS);
    return { allowed, message: status?.message ?? "" };
  };
  await cluster.crash();
  t.match(await ask(), { allowed: false, message: /could not be checked: .*\(CredentialsUnavailable\)/ }, "as a caller in flight would hear");
  await cluster.restart();
  t.match(await ask(), { allowed: true }, "once it answers again");
});

async function timed(t: Test, what: string, namespace: string, image: string): Promise<string> {
  const started = performance.now();
  const outcome = await createPod(cluster, namespace, image);
  const took = Math.round(performance.now() - started);
  const cell = cellOf(outcome);
  t.comment(`${what}: ${cell} after ${took} ms`);
  t.notMatch(outcome.stderr, "failed calling webhook", `${what}: the API server did not have to give up`);
  t.notMatch(outcome.stderr, /unsigned|not signed/i, "what could not be checked is not called unsigned");
  t.ok(took < API_SERVER_MS, `${what}: in time`);
  return cell;
}

/** An answer of kubectl in the words of the documentation. */
function cellOf({ status, stderr }: Outcome): string {
  if (status !== 0) return `refused (\`${/\(([A-Z][a-z]\w+)\)\. /.exec(stderr)?.[1] ?? stderr}\`)`;
  if (stderr.includes("It is admitted unchecked")) return "admitted, unchecked";
  return stderr.includes("That was found") ? "admitted, stale" : `admitted${stderr.trim()}`;
}

/** The rows of the table: what stands in the first column, and the three columns beside it. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(CHECKOUT, "docs/outages.md"), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].slice(1);
  return new Map(rows.map(([, name = "", ...cells]) => [name, cells]));
}
