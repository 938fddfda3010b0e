import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ClusterClient } from "../../../src/adapters/kubernetes/cluster-client.ts";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { loadKubeConfig } from "../../../src/adapters/kubernetes/kubeconfig.ts";
import { SYSTEM_TIMER } from "../../../src/adapters/kubernetes/timer.ts";
import type { Call } from "../../../src/inspection/ports.ts";
import { ApiServerDouble, base64, type Fault, notFound } from "../../helpers/api-server-double.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { failureOf } from "../../helpers/failure.ts";
import { temporaryFolder } from "../../helpers/folder.ts";
import { handTimer, type HandTimer } from "../../helpers/hand-timer.ts";

const SHOP = { path: ["api", "v1", "namespaces", "shop"] };

interface Bench {
  readonly api: ApiServerDouble;
  readonly timer: HandTimer;
  /** A client by a kubeconfig with this text. */
  readonly client: (kubeconfig?: string) => Promise<ClusterClient>;
  /** So many milliseconds from now. */
  readonly call: (milliseconds?: number) => Call;
}

async function bench(t: Test): Promise<Bench> {
  const api = await ApiServerDouble.start();
  api.put("/api/v1/namespaces", { metadata: { name: "shop" } });
  t.teardown(() => api.close());
  const timer = handTimer();
  const file = join(await temporaryFolder(t), "kubeconfig");
  return {
    api,
    timer,
    client: async (kubeconfig = api.kubeconfig()) => {
      await writeFile(file, kubeconfig);
      const client = new ClusterClient({ kind: "kubeconfig", file }, timer);
      t.teardown(() => client.close());
      return client;
    },
    call: (milliseconds = 60_000) => ({ deadline: timer.now() + milliseconds, signal: new AbortController().signal }),
  };
}

async function codeOf(pending: Promise<unknown>): Promise<string> {
  return (await failureOf(ClusterError, pending)).code;
}

t.test("many questions go over one connection", async (t) => {
  const { api, client, call } = await bench(t);
  const cluster = await client();
  for (let i = 0; i < 20; i += 1) {
    const namespace = await cluster.get(SHOP, call());
    t.match(namespace, { metadata: { name: "shop" } });
  }
  // The next question may leave before the last answer's connection is marked as free.
  t.ok(api.connections <= 2, `${api.connections} connections`);
  t.equal(api.requests.length, 20);
});

t.test("an object is created, replaced and patched, against the version that is named", async (t) => {
  const { api, client, call } = await bench(t);
  const cluster = await client();
  const things = ["apis", "things.example.com", "v1", "things"];
  api.serve(`/${things.join("/")}`);
  const created = await cluster.send({ method: "POST", path: things, body: { metadata: { name: "a" }, spec: 1 } }, call());
  t.match(created, { metadata: { name: "a", resourceVersion: /./ }, spec: 1 }, "201 is an answer");
  const replaced = await cluster.send({ method: "PUT", path: [...things, "a"], body: { ...created, spec: 2 } }, call());
  t.match(replaced, { spec: 2 });
  const patch = { method: "PATCH", path: [...things, "a", "status"], query: { fieldManager: "pratique" }, body: { metadata: {}, status: { seen: 2 } } } as const;
  t.match(await cluster.send(patch, call()), { spec: 2, status: { seen: 2 } });
  t.strictSame(
    api.requests.map(({ method, contentType }) => [method, contentType]),
    [
      ["POST", "application/json"],
      ["PUT", "application/json"],
      ["PATCH", "application/merge-patch+json"],
    ],
  );
  t.equal(await codeOf(cluster.send({ method: "POST", path: things, body: { metadata: { name: "a" } } }, call())), "Conflict", "it is there already");
  t.equal(await codeOf(cluster.send({ method: "PUT", path: [...things, "a"], body: created }, call())), "Conflict", "it has changed meanwhile");
  t.equal(await codeOf(cluster.send({ ...patch, path: [...things, "b", "status"] }, call())), "NotFound");
  api.fault = () => ({ status: 403, body: {} });
  t.equal(await codeOf(cluster.send(patch, call())), "Forbidden");
});

t.test("credentials of every kind reach the API server", async (t) => {
  const { api, client, call } = await bench(t);
  const pair = await api.authority.issue({ name: "pratique", use: "client" });
  const users = [
    { user: { token: "t1\n" }, seen: { authorization: "Bearer t1", certificate: undefined } },
    { user: { username: "ada", password: "pw" }, seen: { authorization: `Basic ${base64("ada:pw")}`, certificate: undefined } },
    {
      user: { "client-certificate-data": base64(pair.cert), "client-key-data": base64(pair.key) },
      seen: { authorization: undefined, certificate: "pratique" },
    },
  ];
  for (const { user, seen } of users) {
    await (await client(api.kubeconfig(user))).get(SHOP, call());
    t.match(api.requests.at(-1), seen);
  }
});

t.test("a ServiceAccount token that was rotated is read again at the first 401", async (t) => {
  const { api, timer, call } = await bench(t);
  const root = await temporaryFolder(t);
  const folder = join(root, "var/run/secrets/kubernetes.io/serviceaccount");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "ca.crt"), api.authority.cert);
  await writeFile(join(folder, "token"), "first");
  const kept = { ...process.env };
  t.teardown(() => Object.assign(process.env, { KUBERNETES_SERVICE_HOST: "", KUBERNETES_SERVICE_PORT: "" }, kept));
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(api.port) });
  let valid = "first";
  api.fault = (asked) => (asked.authorization === `Bearer ${valid}` ? undefined : { status: 401, body: {} });
  const cluster = new ClusterClient({ kind: "in-cluster", root }, timer);
  t.teardown(() => cluster.close());

  await cluster.get(SHOP, call());
  valid = "second";
  await writeFile(join(folder, "token"), "second");
  await cluster.get(SHOP, call());
  t.strictSame(
    api.requests.map(({ authorization }) => authorization),
    ["Bearer first", "Bearer first", "Bearer second"],
  );
  t.ok(api.connections <= 2, "the connections stay");

  valid = "third";
  t.equal(await codeOf(cluster.get(SHOP, call())), "Unauthorized", "a token that stays wrong is asked with once more only");
  t.equal(api.requests.length, 5);
});

t.test("a CA file that changes is noticed", async (t) => {
  const { api, client, call } = await bench(t);
  const file = join(await temporaryFolder(t, { "ca.crt": (await createAuthority("another")).cert }), "ca.crt");
  const cluster = await client(api.kubeconfig({ token: "t0" }, { "certificate-authority": file }));
  const refused = await failureOf(ClusterError, cluster.get(SHOP, call()));
  t.equal(refused.code, "Unavailable");
  t.match(refused.message, /SELF_SIGNED_CERT_IN_CHAIN/);
  await writeFile(file, api.authority.cert);
  t.match(await cluster.get(SHOP, call()), { metadata: { name: "shop" } });
});

t.test("what the API server answers, told apart", async (t) => {
  const { api, client, call } = await bench(t);
  const cluster = await client();
  const answers: readonly (readonly [fault: Fault, code: string])[] = [
    [{ status: 404, body: notFound("shop") }, "NotFound"],
    [{ status: 404, body: "404 page not found" }, "Unavailable"],
    [{ status: 404, body: { kind: "Status", reason: "NotFound", details: {} } }, "Unavailable"],
    [{ status: 404, body: { kind: "Status", reason: "Invalid", details: { name: "shop" } } }, "Unavailable"],
    [{ status: 401, body: {} }, "Unauthorized"],
    [{ status: 403, body: {} }, "Forbidden"],
    [{ status: 410, body: {} }, "Expired"],
    [{ status: 302, body: {} }, "Unavailable"],
    [{ status: 429, body: {} }, "Unavailable"],
    [{ status: 503, body: {} }, "Unavailable"],
    [{ status: 200, body: "<html>" }, "Malformed"],
    [{ status: 200, body: [] }, "Malformed"],
    [{ status: 200, body: `{"a":"${"x".repeat(33 * 1024 * 1024)}"}` }, "TooLarge"],
    ["drop", "Unavailable"],
  ];
  for (const [fault, code] of answers) {
    api.fault = () => fault;
    const error = await failureOf(ClusterError, cluster.get(SHOP, call()));
    t.equal(error.code, code, JSON.stringify(fault).slice(0, 80));
    t.notMatch(error.message, /html|page not found/, "nothing of the answer is in the message");
  }
  api.fault = () => undefined;
  t.match(await cluster.get(SHOP, call()), { metadata: { name: "shop" } }, "and none of it lasts");
});

t.test("an answer that does not come ends by our limit, the caller's deadline, or with the caller", async (t) => {
  const { api, client, call, timer } = await bench(t);
  const cluster = await client();
  for (const fault of ["hang", "stall"] as const) {
    api.fault = () => fault;
    const patient = failureOf(ClusterError, cluster.get(SHOP, call()));
    await api.gets.next();
    timer.advance(5_000);
    t.match(await patient, { code: "Unavailable", message: /did not answer within 5 s/ }, fault);

    const hurried = codeOf(cluster.get(SHOP, call(1_000)));
    await api.gets.next();
    timer.advance(1_000);
    t.equal(await hurried, "DeadlineExceeded", fault);

    const controller = new AbortController();
    const left = codeOf(cluster.get(SHOP, { ...call(), signal: controller.signal }));
    await api.gets.next();
    controller.abort();
    t.equal(await left, "DeadlineExceeded", fault);
  }
  const asked = api.requests.length;
  t.equal(await codeOf(cluster.get(SHOP, call(0))), "DeadlineExceeded", "no time at all");
  t.equal(await codeOf(cluster.get(SHOP, { ...call(), signal: AbortSignal.abort() })), "DeadlineExceeded", "nobody who waits");
  t.equal(api.requests.length, asked, "then nothing is asked");
  t.strictSame(timer.alarms(), [], "no alarm is left behind");
});

t.test("an exec plugin that hangs does not outlive the limit", async (t) => {
  const { api, client, call, timer } = await bench(t);
  const fifo = join(await temporaryFolder(t), "fifo");
  execFileSync("mkfifo", [fifo]);
  const cluster = await client(api.kubeconfig({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "cat", args: [fifo] } }));
  const pending = codeOf(cluster.get(SHOP, call()));
  timer.advance(5_000);
  t.equal(await pending, "Unavailable");
  // Lets the plugin end.
  await writeFile(fifo, "");
});

t.test("an address where nobody listens", async (t) => {
  const { api, client, call } = await bench(t);
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const address = closed.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const cluster = await client(api.kubeconfig({ token: "t0" }, { server: `https://127.0.0.1:${port}` }));
  t.match(await failureOf(ClusterError, cluster.get(SHOP, call())), { code: "Unavailable", message: /ECONNREFUSED/ });
});

t.test("names are escaped on the way", async (t) => {
  const { api, client, call } = await bench(t);
  await codeOf((await client()).get({ path: ["api", "v1", "a/b?c"], query: { fieldSelector: "x!=y z" } }, call()));
  t.equal(api.requests[0]?.path, "/api/v1/a%2Fb%3Fc");
  t.equal(api.requests[0]?.query.get("fieldSelector"), "x!=y z");
});

t.test("configurations that cannot work say so", async (t) => {
  const { api, client, call } = await bench(t);
  const cases = [
    { kubeconfig: api.kubeconfig({}, { server: "http://127.0.0.1:1" }), message: /http:\/\/127\.0\.0\.1:1, which is not https/ },
    { kubeconfig: api.kubeconfig({}, { "proxy-url": "socks5://127.0.0.1:1" }), message: /SOCKS proxy, which is not supported/ },
    { kubeconfig: "{", message: /kubeconfig .* cannot be read/ },
    { kubeconfig: "{}", message: /no cluster for its current context/ },
  ];
  for (const { kubeconfig, message } of cases) {
    t.match(await failureOf(ClusterError, (await client(kubeconfig)).get(SHOP, call())), { code: "Misconfigured", message });
  }
  const missing = new ClusterClient({ kind: "kubeconfig", file: join(await temporaryFolder(t), "none") }, SYSTEM_TIMER);
  const soon = { deadline: SYSTEM_TIMER.now() + 60_000, signal: new AbortController().signal };
  t.match(await failureOf(ClusterError, missing.get(SHOP, soon)), { code: "Misconfigured", message: /ENOENT/ });
  const kept = process.env["KUBERNETES_SERVICE_HOST"];
  t.teardown(() => void (process.env["KUBERNETES_SERVICE_HOST"] = kept ?? ""));
  process.env["KUBERNETES_SERVICE_HOST"] = "";
  t.match(await failureOf(ClusterError, loadKubeConfig({ kind: "in-cluster" })), { code: "Misconfigured", message: /does not run in a Pod/ });
});

t.test("a credentials file that is missing is no reason to ask without", async (t) => {
  const { api, client, call } = await bench(t);
  const cluster = await client(api.kubeconfig({ "auth-provider": { name: "tokenFile", config: { tokenFile: join(await temporaryFolder(t), "none") } } }));
  t.equal(await codeOf(cluster.get(SHOP, call())), "Unauthorized");
  t.equal(api.requests.length, 0);
});
