// A control plane without nodes: etcd, kube-apiserver and kubectl, on loopback, with throw-away keys.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, request } from "undici";
import { stringify } from "yaml";
import { createAuthority } from "../../test/helpers/certificates.ts";
import { program } from "../programs.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { startProxy } from "./proxy.ts";
import { execute, freePort, type Outcome, type Running, start, until } from "./process.ts";

/** One line of the API server's audit log, as far as the tests read it. */
export interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object of the cluster, as it is written in YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Cluster {
  readonly folder: Folder;
  /** kubectl as an administrator, or with the kubeconfig that is given. */
  kubectl(args: readonly string[], options?: { readonly input?: string; readonly kubeconfig?: string }): Promise<Outcome>;
  /** A request to the API server as an administrator. A PATCH is a server-side apply. */
  call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  /** Creates or changes an object as an administrator, faster than kubectl does: for what prepares a case. */
  apply(object: Manifest, namespace: string): Promise<void>;
  /** Writes a kubeconfig for a bearer token; its path. What uses it comes through a proxy. */
  kubeconfig(name: string, token: string): Promise<string>;
  /** Everything in the audit log up to now. */
  auditEvents(): Promise<readonly AuditEvent[]>;
  /** SIGKILL to the API server, which answers again, on the same port, after `restart`. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay open, and nothing comes. */
  freeze(): void;
  thaw(): void;
  /** Resets every connection that came through the proxy. */
  cutConnections(): void;
  /** Makes etcd forget every older resource version. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

const READY_SECONDS = 90;
const AUDIT_POLICY = stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", verbs: ["create", "update", "patch"] }, { level: "None" }],
});

/** Starts a cluster and waits until it answers. */
export async function startCluster(): Promise<Cluster> {
  const folder = await temporaryFolder();
  const etcdPort = await freePort();
  const etcd = start(program("etcd"), etcdFlags(folder.path, etcdPort, await freePort()));
  const secrets = await writeSecrets(folder);
  const port = await freePort();
  const flags = apiServerFlags(folder.path, { etcdPort, port });
  const url = `https://127.0.0.1:${port}`;
  const agent = new Agent({ connect: { ca: secrets.ca }, headersTimeout: 60_000 });

  const startApiServer = async (): Promise<Running> => {
    const running = start(program("kube-apiserver"), flags);
    await until("the API server is ready", () => ready(`${url}/readyz`, agent, running), {
      seconds: READY_SECONDS,
      evidence: () => `${etcd.output().slice(-1000)}\n${running.output()}`,
    });
    return running;
  };
  let apiServer = await startApiServer();

  const proxy = await startProxy(await freePort(), port);
  const proxied = `https://127.0.0.1:${proxy.port}`;
  const admin = await folder.write("admin.kubeconfig", kubeconfigText(url, secrets.ca, secrets.adminToken));

  const call: Cluster["call"] = async (method, path, body) => {
    const contentType = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    const response = await request(`${url}${path}`, {
      method,
      dispatcher: agent,
      headers: { authorization: `Bearer ${secrets.adminToken}`, "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: await response.body.json() };
  };

  return {
    folder,
    call,
    apply: async (object, namespace) => {
      const { status, body } = await call("PATCH", `${pathOf(object, namespace)}?fieldManager=e2e&force=true`, object);
      if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name} is not accepted: ${JSON.stringify(body)}`);
    },
    kubectl: (args, options = {}) =>
      execute(program("kubectl"), [`--cache-dir=${join(folder.path, "kubectl")}`, ...args], {
        env: { KUBECONFIG: options.kubeconfig ?? admin, HOME: folder.path },
        ...(options.input === undefined ? {} : { input: options.input }),
      }),
    kubeconfig: (name, token) => folder.write(`${name}.kubeconfig`, kubeconfigText(proxied, secrets.ca, token)),
    auditEvents: async () => {
      const lines = (await readFile(join(folder.path, "audit.log"), "utf8")).split("\n");
      return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as AuditEvent);
    },
    crash: () => apiServer.kill(),
    restart: async () => {
      apiServer = await startApiServer();
    },
    freeze: () => apiServer.signal("SIGSTOP"),
    thaw: () => apiServer.signal("SIGCONT"),
    cutConnections: () => proxy.cut(),
    compact: () => compact(`http://127.0.0.1:${etcdPort}`),
    stop: async () => {
      await agent.destroy();
      await proxy.close();
      await Promise.all([apiServer.kill(), etcd.kill()]);
      await folder.remove();
    },
  };
}

function etcdFlags(folder: string, port: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

function apiServerFlags(folder: string, { etcdPort, port }: { readonly etcdPort: number; readonly port: number }): readonly string[] {
  const file = (name: string): string => join(folder, name);
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("accounts.pub")}`,
    `--service-account-signing-key-file=${file("accounts.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    `--audit-policy-file=${file("audit-policy.yaml")}`,
    `--audit-log-path=${file("audit.log")}`,
    // An answer is in the log before the client has it.
    "--audit-log-mode=blocking-strict",
  ];
}

async function writeSecrets(folder: Folder): Promise<{ readonly ca: string; readonly adminToken: string }> {
  const authority = await createAuthority("cluster");
  const serving = await authority.issue({ dnsNames: ["localhost", "kubernetes.default.svc"], ips: ["127.0.0.1"] });
  const accounts = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const adminToken = randomBytes(24).toString("hex");
  await folder.write("apiserver.crt", serving.cert);
  await folder.write("apiserver.key", serving.key);
  await folder.write("accounts.pub", accounts.publicKey);
  await folder.write("accounts.key", accounts.privateKey);
  await folder.write("tokens.csv", `${adminToken},admin,admin,"system:masters"\n`);
  await folder.write("audit-policy.yaml", AUDIT_POLICY);
  return { ca: authority.cert, adminToken };
}

function kubeconfigText(server: string, ca: string, token: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "e2e", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "e2e", user: { token } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "e2e" } }],
    "current-context": "e2e",
  });
}

async function ready(url: string, agent: Agent, running: Running): Promise<true | undefined> {
  if (running.hasEnded()) throw new Error("the API server has ended");
  const response = await request(url, { dispatcher: agent });
  await response.body.dump();
  return response.statusCode === 200 ? true : undefined;
}

const CLUSTER_WIDE: ReadonlySet<string> = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding"]);

function pathOf({ apiVersion, kind, metadata }: Manifest, namespace: string): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = CLUSTER_WIDE.has(kind) ? "" : `/namespaces/${namespace}`;
  return `${group}${scope}/${kind.toLowerCase()}s/${metadata.name}`;
}

// etcd's own HTTP interface (its gRPC gateway): keys and values are base64, revisions decimal text.
async function compact(etcd: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<{ readonly header: { readonly revision: string } }> => {
    const response = await request(`${etcd}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (response.statusCode !== 200) throw new Error(`etcd answered ${response.statusCode}: ${await response.body.text()}`);
    return (await response.body.json()) as { readonly header: { readonly revision: string } };
  };
  const { header } = await post("/v3/kv/range", { key: Buffer.from("health").toString("base64") });
  await post("/v3/kv/compaction", { revision: header.revision, physical: true });
}
