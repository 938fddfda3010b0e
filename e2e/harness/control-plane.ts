// etcd and kube-apiserver on loopback, with throw-away keys: their lives and deaths.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { Agent, request } from "undici";
import { stringify } from "yaml";
import { createAuthority } from "../../test/helpers/certificates.ts";
import { program } from "../programs.ts";
import type { Folder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { type Running, start, until } from "./process.ts";

export interface ControlPlane {
  /** Of the API server. */
  readonly port: number;
  /** PEM: what its clients trust. */
  readonly ca: string;
  /** Of a user who may do everything. */
  readonly adminToken: string;
  /** SIGKILL to the API server, which answers again, on the same port, after `restart`. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay open, and nothing comes. */
  freeze(): void;
  thaw(): void;
  /** Makes etcd forget every older resource version. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** The API server's audit log, in the control plane's folder. */
export const AUDIT_LOG = "audit.log";

const AUDIT_POLICY = stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", verbs: ["create", "update", "patch", "delete"] }, { level: "None" }],
});

/** Addresses that nothing listens on. */
export const UNREACHABLE_SERVICES = "10.0.0.0/24";

/** Starts both programs and waits until the API server is ready. Services get addresses of the range. */
export async function startControlPlane(folder: Folder, serviceRange: string): Promise<ControlPlane> {
  const etcdPort = await freePort();
  const etcd = start(program("etcd"), etcdFlags(folder.path, etcdPort, await freePort()));
  const secrets = await writeSecrets(folder);
  const port = await freePort();
  const startApiServer = async (): Promise<Running> => {
    const running = start(program("kube-apiserver"), apiServerFlags(folder.path, { etcdPort, port, serviceRange }));
    await until("the API server is ready", () => ready(port, secrets.ca, running), {
      evidence: () => `${etcd.output().slice(-1000)}\n${running.output()}`,
    });
    return running;
  };
  let apiServer = await startApiServer();
  return {
    port,
    ...secrets,
    crash: () => apiServer.kill(),
    restart: async () => {
      apiServer = await startApiServer();
    },
    freeze: () => apiServer.signal("SIGSTOP"),
    thaw: () => apiServer.signal("SIGCONT"),
    compact: () => compact(`http://127.0.0.1:${etcdPort}`),
    stop: async () => {
      await Promise.all([apiServer.kill(), etcd.kill()]);
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

interface ApiServerPlace {
  readonly etcdPort: number;
  readonly port: number;
  readonly serviceRange: string;
}

function apiServerFlags(folder: string, { etcdPort, port, serviceRange }: ApiServerPlace): readonly string[] {
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
    `--service-cluster-ip-range=${serviceRange}`,
    `--audit-policy-file=${file("audit-policy.yaml")}`,
    `--audit-log-path=${file(AUDIT_LOG)}`,
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
  await folder.write("cluster.crt", authority.cert);
  await folder.write("apiserver.crt", serving.cert);
  await folder.write("apiserver.key", serving.key);
  await folder.write("accounts.pub", accounts.publicKey);
  await folder.write("accounts.key", accounts.privateKey);
  await folder.write("tokens.csv", `${adminToken},admin,admin,"system:masters"\n`);
  await folder.write("audit-policy.yaml", AUDIT_POLICY);
  return { ca: authority.cert, adminToken };
}

async function ready(port: number, ca: string, running: Running): Promise<true | undefined> {
  if (running.hasEnded()) throw new Error("the API server has ended");
  const agent = new Agent({ connect: { ca } });
  try {
    const response = await request(`https://127.0.0.1:${port}/readyz`, { dispatcher: agent });
    await response.body.dump();
    return response.statusCode === 200 ? true : undefined;
  } finally {
    await agent.destroy();
  }
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
