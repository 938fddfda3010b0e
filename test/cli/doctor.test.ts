import { join } from "node:path";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { run } from "../../src/cli/cli.ts";
import { wrap } from "../../src/cli/wrap.ts";
import { type FakeCluster, healthyCluster } from "../doctor/cluster.ts";
import { ApiServerDouble, type Fault, type Stored } from "../helpers/api-server-double.ts";
import { pratique, type Result, sink } from "../helpers/command.ts";
import { temporaryFolder } from "../helpers/folder.ts";

interface World {
  readonly api: ApiServerDouble;
  readonly kubeconfig: string;
  readonly doctor: (...args: readonly string[]) => Promise<Result>;
}

/** The API server with the objects of a fake cluster. */
async function start(t: Test, cluster: FakeCluster = healthyCluster()): Promise<World> {
  const api = await ApiServerDouble.start();
  t.teardown(() => api.close());
  for (const [key, objects] of Object.entries(cluster.collections)) {
    const [group = "", resource = ""] = key.split("/");
    const version = group === "pratique.dev" ? "v1alpha1" : group === "autoscaling" ? "v2" : "v1";
    const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    api.serve(`${root}/${resource}`);
    api.serve(`${root}/namespaces/pratique-system/${resource}`);
    for (const object of objects) {
      const { namespace } = object["metadata"] as { readonly namespace?: string };
      api.put(`${root}/${namespace === undefined ? "" : `namespaces/${namespace}/`}${resource}`, object as unknown as Stored);
    }
  }
  api.fault = (asked) => truth(cluster, asked);
  const folder = await temporaryFolder(t, { kubeconfig: api.kubeconfig() });
  const kubeconfig = join(folder, "kubeconfig");
  return { api, kubeconfig, doctor: (...args) => pratique(["doctor", "--kubeconfig", kubeconfig, ...args]) };
}

// The version, which is no object, and dry runs, which are never stored.
function truth({ version, answers }: FakeCluster, { path, kind }: { readonly path: string; readonly kind: string }): Fault | undefined {
  if (path === "/version") return { status: 200, body: { gitVersion: version } };
  const answer = kind === "write" ? answers[path.slice(path.lastIndexOf("/") + 1)] : undefined;
  return answer && { status: answer.code, body: { kind: "Status", message: answer.message, code: answer.code } };
}

t.test("a healthy installation, for a person and for a machine", async (t) => {
  const { api, doctor } = await start(t);
  const { status, out, err } = await doctor();
  t.same([status, err], [0, ""]);
  t.match(out, /^pratique-system\/pratique: 2 of 2 Pods ready, 6 webhooks, API server v1\.36\.3\n {2}ghcr\.io\/.*\n {2}✓ policies\.pratique\.dev answers in \d+ ms\n {2}✓ namespaces\.pratique\.dev answers in \d+ ms\n {2}✓ enforce\.pratique\.dev answers in \d+ ms\n\n0 findings: nothing is wrong\n$/);
  const writes = api.requests.filter(({ kind }) => kind === "write");
  t.same(writes.map(({ method, query }) => [method, query.get("dryRun")]), [["POST", "All"], ["POST", "All"], ["POST", "All"]], "nothing is written but dry runs");
  t.match(JSON.parse((await doctor("--output", "json", "-n", "pratique-system")).out), {
    apiServer: "v1.36.3",
    installations: [{ namespace: "pratique-system", name: "pratique", release: "pratique", webhookConfiguration: "pratique", image: /^ghcr/, replicas: 2, ready: 2, asked: [{ entry: "policies.pratique.dev", reply: "refused" }, {}, {}] }],
    findings: [],
    notLookedAt: [],
  });
});

t.test("findings: the worst first, each with its remedy, commands whole, and the exit status", async (t) => {
  const cluster = healthyCluster();
  const webhooks = cluster.collections["admissionregistration.k8s.io/validatingwebhookconfigurations"]?.[0]?.["webhooks"] as { failurePolicy: string; matchConditions: object[] }[];
  Object.assign(webhooks[0] ?? {}, { failurePolicy: "Ignore" });
  cluster.version = "v1.40.0";
  const { doctor, kubeconfig } = await start(t, cluster);
  const { status, out } = await doctor();
  t.equal(status, 1);
  t.match(out, /\n\ndanger\n {2}✗ FailsOpen {2}ValidatingWebhookConfiguration pratique, enforce\.pratique\.dev\n {4}failurePolicy is Ignore: .*\n(?: {4}.*\n)* {4}Next: Let the entry fail closed\.\n {6}kubectl patch .*\n\nadvice\n {2}○ ServerUntested {2}the cluster, API server v1\.40\.0\n/);
  t.match(out, /\n2 findings: 1 danger, 1 advice\n$/);
  for (const columns of [80, 120]) {
    const [stdout, stderr] = [sink(true), sink()];
    await run(["doctor", "--kubeconfig", kubeconfig], { stdin: Readable.from([]), stdout: Object.assign(stdout.stream, { columns }), stderr: stderr.stream, env: {}, stopAsked: async () => {} });
    const lines = stripVTControlCharacters(stdout.written()).split("\n").filter((line) => !line.startsWith("      "));
    t.ok(lines.every((line) => line.length <= columns || line.startsWith("  ghcr.io")), `${columns} columns`);
    t.ok(lines.some((line) => line.length > columns * 0.75), `${columns} columns are used`);
  }
  const document = JSON.parse((await doctor("--output", "json")).out) as { readonly findings: readonly object[] };
  t.match(document.findings[0], { code: "FailsOpen", severity: "danger", subject: { kind: "ValidatingWebhookConfiguration", namespace: null, name: "pratique", part: "enforce.pratique.dev" }, message: /unjudged/, remedy: "Let the entry fail closed.", commands: [/^kubectl patch /] });
});

t.test("advice alone is well, and what may not be read is not", async (t) => {
  const cluster = healthyCluster();
  cluster.version = "v1.40.0";
  t.equal((await (await start(t, cluster)).doctor()).status, 0);
  const { api, doctor } = await start(t);
  const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no", code: 403 } };
  const { fault } = api;
  api.fault = (asked) => (asked.path.endsWith("/nodes") || asked.path.endsWith("/secrets/pratique-tls") ? forbidden : fault(asked));
  const { status, out } = await doctor();
  t.equal(status, 2);
  t.match(out, /\n\nnot looked at\n {2}\? the nodes of the cluster could not be listed: .*grant list on\n? ? ?nodes/s);
  t.match(out, /grant get on secrets in\s+namespace pratique-system/);
  t.match(out, /\n0 findings: nothing is wrong with what was seen; 2 things not looked at\n$/);
  const { notLookedAt } = JSON.parse((await doctor("--output", "json")).out) as { readonly notLookedAt: readonly string[] };
  t.equal(notLookedAt.length, 2);
});

t.test("the entries that are asked can be chosen", async (t) => {
  const cluster = healthyCluster();
  // Where the gate is never called, it cannot be asked.
  for (const namespace of cluster.collections["/namespaces"]?.slice(0, 2) ?? []) namespace["metadata"].labels["pratique.dev/enforce"] = "signed";
  const { api, doctor } = await start(t, cluster);
  const asked = async (...args: readonly string[]): Promise<readonly string[]> => {
    api.requests.length = 0;
    t.equal((await doctor(...args)).status, 0);
    return api.requests.filter(({ kind }) => kind === "write").map(({ path }) => path);
  };
  t.same(await asked("--ask", "none"), []);
  t.same(await asked("--ask=policies"), ["/apis/pratique.dev/v1alpha1/namespaces/pratique-system/trustpolicies"]);
  t.same(await asked("--ask", "enforce", "--ask", "namespaces"), ["/api/v1/namespaces", "/api/v1/namespaces/shop/pods"]);
});

t.test("an API server that does not answer, or breaks off, is no reason to crash", async (t) => {
  const { api, doctor } = await start(t);
  api.fault = () => "drop";
  t.match(await doctor(), { status: 2, out: "", err: /^pratique: cannot look: the API server's version could not be read: the connection to the API server failed \(\w+\)\n$/ });
  api.fault = (asked) => (asked.path === "/version" ? { status: 403, body: {} } : "drop");
  t.match(await doctor(), { status: 2, out: /^not looked at\n/ });
});

t.test("what others wrote into objects cannot write on a terminal", async (t) => {
  const cluster = healthyCluster();
  cluster.collections["/namespaces"]?.push({ metadata: { name: "late", labels: { "pratique.dev/enforce": "\u001b[2Jsigned" } } });
  cluster.collections["pratique.dev/clustertrustpolicies"] = [{ metadata: { name: "p" }, status: { conditions: [{ type: "Ready", status: "False", message: "\u001b]0;owned\u0007" }] } }];
  const { out } = await (await start(t, cluster)).doctor();
  for (const text of ["\\u001b[2Jsigned", "\\u001b]0;owned\\u0007"]) t.ok(out.includes(text), text);
});

t.test("lines are broken at spaces", async (t) => {
  t.same(wrap("one two three", 9, "  "), ["  one two", "  three"]);
  t.same(wrap("a-word-that-is-too-long x", 5, ""), ["a-word-that-is-too-long", "x"]);
  t.same(wrap("one\ntwo", 80, "> "), ["> one", "> two"]);
  t.same(wrap("", 80, ""), [""]);
});
