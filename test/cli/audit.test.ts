import { join } from "node:path";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import type { Digest } from "../../src/image/digest.ts";
import { ApiServerDouble, base64 } from "../helpers/api-server-double.ts";
import { pratique, type Result } from "../helpers/command.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { imageManifest, push, pushIndex } from "../helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();
const PASSWORD = "correct-horse-battery";

interface AuditJson {
  readonly images: readonly { readonly namespace: string; readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string }; readonly reference: string; readonly verdict: string; readonly reason: string }[];
  readonly namespaces: readonly object[];
  readonly problems: readonly string[];
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  Pod: "/api/v1/namespaces/NS/pods",
  PodTemplate: "/api/v1/namespaces/NS/podtemplates",
  ReplicationController: "/api/v1/namespaces/NS/replicationcontrollers",
  Deployment: "/apis/apps/v1/namespaces/NS/deployments",
  ReplicaSet: "/apis/apps/v1/namespaces/NS/replicasets",
  StatefulSet: "/apis/apps/v1/namespaces/NS/statefulsets",
  DaemonSet: "/apis/apps/v1/namespaces/NS/daemonsets",
  Job: "/apis/batch/v1/namespaces/NS/jobs",
  CronJob: "/apis/batch/v1/namespaces/NS/cronjobs",
};

interface World {
  readonly api: ApiServerDouble;
  readonly registry: RegistryDouble;
  readonly digests: { readonly signed: Digest; readonly unsigned: Digest; readonly index: Digest; readonly platform: Digest };
  /** `web:signed` in the registry. */
  readonly image: (tag: string) => string;
  /** Puts an object of `shop`, or of another namespace, there. */
  readonly put: (kind: string, name: string, object?: object, namespace?: string) => void;
  readonly audit: (...args: readonly string[]) => Promise<Result>;
  readonly auditJson: (...args: readonly string[]) => Promise<Result & AuditJson>;
}

/** A cluster whose namespaces `shop` (which enforces), `idle` and `free` (exempt) use a private registry. */
async function start(t: Test, config: object = {}): Promise<World> {
  const api = await ApiServerDouble.start();
  const registry = await startRegistry({ auth: { kind: "basic", accounts: { robot: { password: PASSWORD, repositories: ["**"] } } } });
  t.teardown(() => Promise.all([api.close(), registry.close()]));
  const signed = push(registry, "shop/web", imageManifest({ seed: "signed" }), "signed");
  const unsigned = push(registry, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  const entries = ["linux/amd64", "linux/arm64"].map((platform) => ({ image: imageManifest({ seed: platform, platform }), platform }));
  const { index, children } = pushIndex(registry, "shop/web", entries, "index");
  for (const digest of [signed, index, ...children]) signLegacy(registry, "shop/web", digest, { key });

  const settings = { registries: [{ host: registry.host, plainHTTP: true, allowPrivate: true }], exemptions: { namespaces: ["free"] }, ...config };
  const folder = await temporaryFolder(t, { kubeconfig: api.kubeconfig(), "pratique.yaml": stringify(settings) });
  for (const [name, labels] of [["shop", { "pratique.dev/enforce": "signed" }], ["idle", {}], ["free", {}]] as const) api.put("/api/v1/namespaces", { metadata: { name, labels } });
  for (const path of Object.values(COLLECTIONS)) {
    api.serve(path.replace("/namespaces/NS", ""));
    for (const namespace of ["shop", "idle", "free", "default", "nowhere"]) api.serve(path.replace("NS", namespace));
  }
  for (const namespace of ["shop", "idle"]) {
    api.put(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" }, imagePullSecrets: [{ name: "pull" }] });
    const document = { auths: { [registry.host]: { auth: base64(`robot:${PASSWORD}`) } } };
    api.put(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name: "pull" }, type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": base64(JSON.stringify(document)) } });
  }
  const audit = (...args: readonly string[]): Promise<Result> => pratique(["audit", "--kubeconfig", join(folder, "kubeconfig"), "--config", join(folder, "pratique.yaml"), ...args]);
  return {
    api,
    registry,
    digests: { signed, unsigned, index, platform: children[0] ?? index },
    image: (tag) => `${registry.host}/shop/web:${tag}`,
    put: (kind, name, object = {}, namespace = "shop") =>
      api.put((COLLECTIONS[kind] ?? "").replace("NS", namespace), { ...object, metadata: { namespace, name, uid: `${namespace} ${kind} ${name}`, ...("metadata" in object ? (object.metadata as object) : {}) } }),
    audit,
    auditJson: async (...args) => {
      const result = await audit(...args, "--output", "json");
      return { ...result, ...(JSON.parse(result.out) as AuditJson) };
    },
  };
}

const podOf = (image: string, imageID?: string): object => ({
  spec: { containers: [{ name: "web", image }] },
  ...(imageID === undefined ? {} : { status: { containerStatuses: [{ name: "web", imageID }] } }),
});
const templateOf = (image: string): object => ({ spec: { template: podOf(image) } });
const controlledBy = (kind: string, name: string): object => ({ metadata: { ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: `shop ${kind} ${name}`, controller: true }] } });

t.test("owner, image, verdict, what to do and drift, of a whole cluster, with each Pod's credentials", async (t) => {
  const { api, registry, digests, image, put, auditJson, audit } = await start(t);
  put("Deployment", "web", templateOf(image("index")));
  put("ReplicaSet", "web-5c9", { ...templateOf(image("index")), ...controlledBy("Deployment", "web") });
  put("Pod", "web-5c9-a", { ...podOf(image("index"), `${registry.host}/shop/web@${digests.platform}`), ...controlledBy("ReplicaSet", "web-5c9") });
  put("Pod", "web-5c9-b", { ...podOf(image("index"), `${registry.host}/shop/web@${digests.unsigned}`), ...controlledBy("ReplicaSet", "web-5c9") });
  put("Pod", "bare", podOf(image("unsigned"), digests.signed));
  put("CronJob", "report", { spec: { jobTemplate: templateOf(image("signed")) } }, "idle");
  put("Pod", "whatever", podOf(image("unsigned")), "free");

  const { status, err, images, namespaces, problems } = await auditJson("-A");
  t.same([status, err, problems], [1, "", []]);
  const isWell = { level: "signed", verdict: "trusted", reason: "Signed", remedy: null };
  t.match(images, [
    { namespace: "free", owner: { apiVersion: "v1", kind: "Pod", name: "whatever" }, level: null, digest: null, verdict: "exempt", reason: "ExemptNamespace", pods: 1 },
    { namespace: "idle", owner: { apiVersion: "batch/v1", kind: "CronJob", name: "report" }, reference: image("signed"), digest: digests.signed, ...isWell, pods: 0, drift: [] },
    { namespace: "shop", owner: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, reference: image("index"), digest: digests.index, ...isWell, pods: 2, drift: [{ digest: digests.unsigned, pods: 1, example: "web-5c9-b" }] },
    { namespace: "shop", owner: { apiVersion: "v1", kind: "Pod", name: "bare" }, level: "signed", digest: digests.unsigned, verdict: "untrusted", reason: "Unsigned", message: /is not signed \(Unsigned\)/, remedy: `Sign it with \`cosign sign ${registry.host}/shop/web@${digests.unsigned}\`.`, drift: [] },
  ]);
  t.equal(images.length, 4);
  t.same(namespaces, [
    { namespace: "free", level: null, by: null, trusted: 0, untrusted: 0, undetermined: 0, exempt: 1, drifted: 0 },
    { namespace: "idle", level: "signed", by: "nobody", trusted: 1, untrusted: 0, undetermined: 0, exempt: 0, drifted: 0 },
    { namespace: "shop", level: "signed", by: "enforce", trusted: 1, untrusted: 1, undetermined: 0, exempt: 0, drifted: 1 },
  ]);
  t.same(api.requests.filter(({ kind }) => kind === "write"), [], "nothing is changed");
  t.ok(api.requests.filter(({ path }) => path.endsWith("/pods")).every(({ query }) => query.get("fieldSelector")?.includes("status.phase!=Succeeded")), "a Pod that has ended runs nothing");

  const { out } = await audit("-A");
  t.match(out, /^free: the configuration exempts namespace "free" \(ExemptNamespace\)\n {2}○ Pod whatever: /);
  t.match(out, /\nidle: judged by `signed`, though it asks for nothing and admits every image\n {2}✓ CronJob report: /);
  t.match(out, new RegExp(`\n  ✓ Deployment web: .*web:index \\(${digests.index}\\)\n    trusted, Signed\n    drift: Pod web-5c9-b runs ${digests.unsigned}, .*pratique check ${registry.host}/shop/web@${digests.unsigned}`));
  t.match(out, /\n {2}✗ Pod bare: .*\n {4}untrusted, Unsigned: no cosign signature on .*\n {4}Next: Sign it with /);
  t.match(out, /\nNAMESPACE {2}LEVEL {3}TRUSTED {2}UNTRUSTED {2}UNDETERMINED {2}EXEMPT {2}DRIFTED\nfree {7}- +0 +0 +0 +1 +0\n/);
  t.match(out, /\n4 images in 3 namespaces: 2 trusted, 1 exempt, 1 untrusted; 1 drifted\n$/);
  t.notMatch(out + err, new RegExp(PASSWORD));
});

t.test("one namespace, its level and the exit status", async (t) => {
  const { api, image, put, audit, auditJson } = await start(t);
  put("Pod", "web", podOf(image("signed")));
  put("Pod", "web", podOf(image("unsigned")), "idle");
  t.match(await auditJson("-n", "shop"), { status: 0, images: [{ namespace: "shop" }] });
  t.equal(api.requests.filter(({ path }) => path === "/api/v1/pods" || path === "/api/v1/namespaces").length, 0, "no right on the whole cluster is needed");
  t.match((await audit("-n", "shop")).out, /\n1 image in 1 namespace: 1 trusted\n$/);
  t.match(await auditJson("-nidle"), { status: 1, images: [{ namespace: "idle", reason: "Unsigned" }] });
  t.match(await auditJson("-n", "shop", "--level", "verified"), { status: 2, images: [{ reason: "PoliciesUnknown" }], namespaces: [{ level: "verified", by: "caller" }] });
  t.match(await audit("--namespace=nowhere"), { status: 0, out: /^NAMESPACE .*\n\n0 images in 0 namespaces: nothing to judge\n$/ });
  t.match(await auditJson(), { status: 0, images: [], problems: [] }, "without either it is the context's namespace, which is `default`");
  t.match(await audit("--context", "other"), { status: 2, err: /no context "other"; it has double/ });
});

t.test("large clusters come page by page, and everything of them is judged once", async (t) => {
  const { api, registry, image, put, auditJson } = await start(t);
  put("StatefulSet", "web", templateOf(image("signed")));
  for (let i = 0; i < 250; i += 1) put("Pod", `web-${i}`, { ...podOf(image("signed")), ...controlledBy("StatefulSet", "web") });
  t.match(await auditJson("-A"), { status: 0, images: [{ pods: 250 }] });
  t.equal(api.requests.filter(({ path }) => path === "/api/v1/pods").length, 3);
  t.equal(registry.requests.filter(({ path, headers }) => path.endsWith("/manifests/signed") && headers.authorization !== undefined).length, 1);
});

t.test("what may not be read is said, with what to grant, and is never taken for well", async (t) => {
  const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden", code: 403 } };
  const rows: readonly (readonly [path: RegExp, expected: object])[] = [
    [/\/apis\/batch\/v1\/jobs$/, { status: 2, images: [{ verdict: "trusted" }], problems: [/the jobs of the cluster could not be listed: .*grant list on jobs\.batch to/], err: /not looked at: the jobs of the cluster/ }],
    [/\/api\/v1\/pods$/, { status: 2, problems: [/grant list on pods to/] }],
    [/\/secrets\/pull$/, { status: 2, images: [{ reason: "CredentialsUnavailable", message: /grant get on secrets in namespace shop to/ }] }],
    [/\/api\/v1\/namespaces$/, { status: 2, images: [{ reason: "NamespaceUnknown", message: /grant list on namespaces to/, level: null }] }],
  ];
  for (const [path, expected] of rows) {
    const { api, image, put, auditJson } = await start(t);
    put("Deployment", "web", templateOf(image("signed")));
    api.fault = (asked) => (path.test(asked.path) ? forbidden : undefined);
    t.match(await auditJson("-A"), expected, String(path));
  }
  const { api, image, put, auditJson } = await start(t);
  put("Deployment", "web", templateOf(image("unsigned")));
  api.fault = (asked) => (asked.path.endsWith("/jobs") ? { status: 500, body: {} } : undefined);
  t.match(await auditJson("-A"), { status: 1, problems: [/the API server answered 500/] }, "something untrusted is 1 all the same");
});

t.test("what anybody may write into an object cannot write on a terminal", async (t) => {
  const { put, audit } = await start(t);
  const escape = "\u001b[2Kweb";
  put("Pod", "web", { ...podOf(`${escape}:1`), ...controlledBy(escape, "web") });
  put("Pod", "web", podOf(`${escape}:1`), "free");
  const { out } = await audit("-A");
  t.match(out, /"\\u001b\[2Kweb" web: "\\u001b\[2Kweb:1"/);
  t.notOk(out.includes("\u001b[2K"));
});
