// The certificate that Pratique looks after, on a cluster that lives: the API server calls the Service by its name, and trusts
// what the program wrote.
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import t, { type Test } from "tap";
import { enforce, makeNamespace } from "./harness/ask.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./harness/chart.ts";
import { startLivingWorld } from "./harness/living-world.ts";
import { isCreated, isRefusedAsUnsigned, podProbe, startLoad } from "./harness/load.ts";
import { type Running, start, until } from "./harness/process.ts";
import { releaseBy } from "./harness/release.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.certificates);

const SECRET = `/api/v1/namespaces/${RELEASE_NAMESPACE}/secrets/${RELEASE}-certificate`;
const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${RELEASE}`;
const ROLES = ["role", "clusterrole"] as const;
const KINDS = ["secrets", "validatingwebhookconfigurations"] as const;
const OWN_SECRET = { group: "", resource: "secrets", namespace: RELEASE_NAMESPACE, name: `${RELEASE}-certificate` };
const OWN_CONFIGURATION = { group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations", name: RELEASE };
/** So short that a CA comes and another goes while somebody watches: the next one is announced after 30 s. */
const SHORT = { caHours: 0.0125, certificateHours: 0.005 };

const world = await startLivingWorld();
t.teardown(() => world.stop());
const { cluster, node, service } = world;
const release = releaseBy("helm4", cluster);
const { config } = world.values as { readonly config: object };
const asked = [podProbe("a signed Pod", "shop", world.signed, isCreated), podProbe("an unsigned Pod", "shop", world.unsigned, isRefusedAsUnsigned)];
await makeNamespace(cluster, "shop", {});

interface Entry {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string };
}

async function entries(): Promise<readonly Entry[]> {
  const { body } = await cluster.call("GET", CONFIGURATION);
  return (body as { readonly webhooks: readonly Entry[] }).webhooks;
}

/** What each entry trusts, as fingerprints; the same for all of them. */
async function trusted(): Promise<readonly string[]> {
  const bundles = new Set((await entries()).map(({ clientConfig }) => clientConfig.caBundle ?? ""));
  if (bundles.size !== 1) throw new Error("entries trust different CAs");
  return fingerprints(Buffer.from([...bundles].join(""), "base64").toString());
}

async function shared(): Promise<Readonly<Record<string, string>>> {
  const { body } = await cluster.call("GET", SECRET);
  const data = (body as { readonly data?: Readonly<Record<string, string>> }).data ?? {};
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

function fingerprints(pem: string): readonly string[] {
  return (pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n?/g) ?? []).map((block) => new X509Certificate(block).fingerprint256);
}

function logged(what: string): number {
  return node.pods().reduce((sum, pod) => sum + pod.output().split(what).length - 1, 0);
}

async function kubectl(args: readonly string[], input = ""): Promise<string> {
  const { status, stdout, stderr } = await cluster.kubectl([...args, "-n", RELEASE_NAMESPACE], { input });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Takes everything out of the Secret. */
async function empty(): Promise<void> {
  await kubectl(["patch", "secret", `${RELEASE}-certificate`, "--type=merge", "-p", '{"data":null}']);
}

async function fill(texts: Readonly<Record<string, string>>): Promise<void> {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
  await kubectl(["patch", "secret", `${RELEASE}-certificate`, "--type=merge", "-p", JSON.stringify({ data })]);
}

/** Has every entry trust this, or nothing. */
async function setBundles(text: string | undefined): Promise<void> {
  const change = text === undefined ? { op: "remove" } : { op: "add", value: Buffer.from(text).toString("base64") };
  const changes = (await entries()).map((_, index) => Object.assign({ path: `/webhooks/${index}/clientConfig/caBundle` }, change));
  await kubectl(["patch", "validatingwebhookconfiguration", RELEASE, "--type=json", "-p", JSON.stringify(changes)]);
}

interface Role {
  readonly kind: string;
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[]; readonly resourceNames?: readonly string[] }[];
}

async function read(kind: string): Promise<Role> {
  const { rules, ...role } = JSON.parse(await kubectl(["get", kind, RELEASE, "-o", "json"])) as Role & { readonly metadata: object };
  return { ...role, rules };
}

/** The same role, but for a verb on what Pratique looks after. */
function without(role: Role, verb: string): Role {
  const isOurs = ({ resources, resourceNames }: Role["rules"][number]): boolean => resourceNames !== undefined && KINDS.some((kind) => resources.includes(kind));
  return { ...role, rules: role.rules.map((rule) => (isOurs(rule) ? Object.assign({}, rule, { verbs: rule.verbs.filter((each) => each !== verb) }) : rule)) };
}

async function write(role: Role): Promise<void> {
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify({ ...role, metadata: { name: RELEASE } }));
}

/** A replica beside those of the Deployment, which nobody calls. */
async function startReplica(): Promise<Running> {
  const kubeconfig = await cluster.kubeconfig("beside", (await kubectl(["create", "token", RELEASE])).trim());
  const names = [`--certificate-secret=${RELEASE}-certificate`, `--service=${RELEASE}`, `--webhook-configuration=${RELEASE}`];
  const program = join(cluster.folder.path, "main.mjs");
  return start(process.execPath, [program, "serve", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0", ...names], { env: { KUBECONFIG: kubeconfig } });
}

async function mayDo(resourceAttributes: object): Promise<boolean> {
  const spec = { user: `system:serviceaccount:${RELEASE_NAMESPACE}:${RELEASE}`, resourceAttributes };
  const { body } = await cluster.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
  return (body as { readonly status: { readonly allowed: boolean } }).status.allowed;
}

/** Has something happen while Pods are created, none of which may be answered otherwise than it should. */
async function uninterrupted(t: Test, happen: () => Promise<void>): Promise<void> {
  const load = startLoad(cluster, asked);
  await happen().catch((error: unknown) => t.fail(String(error)));
  const { right, wrong } = await load.stop();
  t.same(wrong, [], "every answer is as it should be");
  t.ok(right > 0, `${right} answers`);
}

t.test("a release without a word on certificates comes up by itself, and its replicas share one", async (t) => {
  const { status, stderr } = await release.install({ config });
  t.equal(status, 0, stderr);
  t.equal(service.endpoints().length, 2);
  const secret = await shared();
  t.same(Object.keys(secret).sort(), ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
  t.same(await trusted(), fingerprints(secret["ca.crt"] ?? ""));
  t.equal(logged('"change":"create"'), 1, "one replica made it");
  await enforce(cluster, "shop", { enforce: "signed" });
  await uninterrupted(t, async () => {
    await until("both replicas answer", async () => (node.pods().every((pod) => pod.output().includes("ready")) ? true : undefined));
  });
});

t.test("a caBundle that somebody wipes or replaces is put back within seconds", async (t) => {
  const before = await trusted();
  await setBundles(undefined);
  await until("it is back", async () => (JSON.stringify(await trusted()) === JSON.stringify(before) ? true : undefined));
  await setBundles("no certificate");
  await until("it is back", async () => (JSON.stringify(await trusted()) === JSON.stringify(before) ? true : undefined));
  t.same((await startLoad(cluster, asked).stop()).wrong, []);
});

t.test("its account may write these two objects, and no other of their kinds", async (t) => {
  const own = [OWN_SECRET, OWN_CONFIGURATION];
  const others = [{ ...OWN_SECRET, name: "other" }, { ...OWN_SECRET, namespace: "shop" }, { ...OWN_CONFIGURATION, name: "other" }, { ...OWN_CONFIGURATION, resource: "mutatingwebhookconfigurations" }];
  for (const verb of ["list", "watch", "update"]) {
    for (const attributes of own) t.ok(await mayDo({ ...attributes, verb }), `${verb} ${attributes.resource}/${attributes.name}`);
    for (const attributes of others) t.notOk(await mayDo({ ...attributes, verb }), `${verb} ${attributes.resource}/${attributes.name}`);
  }
  for (const verb of ["create", "delete", "patch", "deletecollection"]) {
    for (const attributes of [...own, ...others]) {
      // The hook of an uninstallation has the same account.
      const isHooks = verb === "delete" && attributes === OWN_CONFIGURATION;
      t.equal(await mayDo({ ...attributes, verb }), isHooks, `${verb} ${attributes.resource}/${attributes.name}`);
    }
  }
});

t.test("without any one of these rights something does not work, and the log says which is missing", async (t) => {
  const roles = await Promise.all(ROLES.map(read));
  const secret = await shared();
  for (const verb of ["list", "watch", "update"]) {
    for (const role of roles) await write(without(role, verb));
    await until("the API server knows of it", async () => ((await mayDo({ ...OWN_SECRET, verb })) || (await mayDo({ ...OWN_CONFIGURATION, verb })) ? undefined : true));
    const replica = await startReplica();
    const refused = (kind: string) => until(`${verb} on ${kind} is refused`, async () => (replica.output().split("\n").some((line) => line.includes("(403); grant") && line.includes(`on ${kind} to`)) ? true : undefined), { evidence: () => replica.output() });
    if (verb === "update") await setBundles(undefined);
    t.ok(await refused("validatingwebhookconfigurations"));
    if (verb === "update") await empty();
    t.ok(await refused("secrets"));
    // Lists alone bring it all as well, later and at a cost.
    if (verb !== "watch") t.notMatch(replica.output(), /"msg":"ready"/);
    await replica.kill();
  }
  await fill(secret);
  await setBundles(secret["ca.crt"]);
  for (const role of roles) await write(role);
  t.same((await startLoad(cluster, asked).stop()).wrong, []);
});

t.test("an upgrade leaves Secret and caBundle alone, and drops no request", async (t) => {
  const before = [await shared(), await trusted()];
  await uninterrupted(t, async () => {
    const { status, stderr } = await release.upgrade({ config: { ...config, tls: { managed: SHORT } } });
    t.equal(status, 0, stderr);
  });
  t.same([await shared(), await trusted()], before);
});

t.test("an emptied Secret is filled again, and drops no request", async (t) => {
  const before = await trusted();
  // The Pods of the revision before would make a CA that lasts.
  await until("they are gone", async () => (node.pods().length === 2 ? true : undefined));
  await uninterrupted(t, async () => {
    await empty();
    await until("there is a new CA, and it signs", async () => (logged('"change":"switch"') === 1 ? true : undefined));
  });
  const after = await trusted();
  t.equal(after.length, 2);
  t.ok(after.includes(before[0] ?? ""), "the old one is trusted as long as it is good");
  t.equal(logged('"change":"replace"'), 1);
});

t.test("CAs and certificates are replaced under load, and a replica restarts in between: no request fails", async (t) => {
  const first = (await trusted())[0] ?? "";
  const served = new Set<string>();
  await uninterrupted(t, async () => {
    const announced = logged('"change":"announce"');
    await until("a CA is announced", async () => {
      served.add(fingerprints((await shared())["tls.crt"] ?? "")[0] ?? "");
      return logged('"change":"announce"') > announced ? true : undefined;
    });
    const [oldest] = node.pods();
    await cluster.kubectl(["delete", "pod", oldest?.name ?? "", "-n", RELEASE_NAMESPACE, "--wait=false"]);
    await until("the first CA is gone", async () => {
      served.add(fingerprints((await shared())["tls.crt"] ?? "")[0] ?? "");
      return (await trusted()).includes(first) ? undefined : true;
    });
  });
  t.ok(served.size >= 4, `${served.size} certificates were served`);
  for (const pod of node.pods()) t.notMatch(pod.output(), /"level":"error"/);
});
