// A cluster without nodes, as an administrator sees it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, request } from "undici";
import { stringify } from "yaml";
import { program } from "../programs.ts";
import { AUDIT_LOG, type ControlPlane, startControlPlane, UNREACHABLE_SERVICES } from "./control-plane.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { execute, type Outcome } from "./process.ts";
import { startProxy } from "./proxy.ts";

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

export interface Cluster extends Pick<ControlPlane, "crash" | "restart" | "freeze" | "thaw" | "compact" | "stop"> {
  readonly folder: Folder;
  /** kubectl as an administrator. */
  kubectl(args: readonly string[], options?: { readonly input?: string }): Promise<Outcome>;
  /** A request to the API server as an administrator. A PATCH is a server-side apply. */
  call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  /** Creates or changes an object as an administrator, faster than kubectl does: for what prepares a case. */
  apply(object: Manifest, namespace: string): Promise<void>;
  /** Writes a kubeconfig for a bearer token; its path. What uses it comes through a proxy. */
  kubeconfig(name: string, token: string): Promise<string>;
  /** Resets every connection that came through the proxy. */
  cutConnections(): void;
  /** Everything in the audit log up to now. */
  auditEvents(): Promise<readonly AuditEvent[]>;
}

export interface ClusterOptions {
  /** The addresses of Services; nothing listens on them when absent (network.ts). */
  readonly serviceRange?: string;
}

/** Starts a cluster and waits until it answers. */
export async function startCluster({ serviceRange = UNREACHABLE_SERVICES }: ClusterOptions = {}): Promise<Cluster> {
  const folder = await temporaryFolder();
  const plane = await startControlPlane(folder, serviceRange);
  const proxy = await startProxy(await freePort(), plane.port);
  const agent = new Agent({ connect: { ca: plane.ca } });
  const call = caller(plane, agent);
  const kubectl = await administrator(plane, folder);
  return {
    ...plane,
    folder,
    kubectl,
    call,
    apply: async (object, namespace) => {
      const { status, body } = await call("PATCH", `${pathOf(object, namespace)}?fieldManager=e2e&force=true`, object);
      if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name} is not accepted: ${JSON.stringify(body)}`);
    },
    kubeconfig: (name, token) => folder.write(`${name}.kubeconfig`, kubeconfigText(proxy.port, plane.ca, token)),
    cutConnections: () => proxy.cut(),
    auditEvents: async () => {
      const lines = (await readFile(join(folder.path, AUDIT_LOG), "utf8")).split("\n");
      return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as AuditEvent);
    },
    stop: async () => {
      await agent.destroy();
      await proxy.close();
      await plane.stop();
      await folder.remove();
    },
  };
}

function caller({ port, adminToken }: ControlPlane, dispatcher: Agent): Cluster["call"] {
  return async (method, path, body) => {
    const contentType = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    const response = await request(`https://127.0.0.1:${port}${path}`, {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${adminToken}`, "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: await response.body.json() };
  };
}

async function administrator({ port, ca, adminToken }: ControlPlane, folder: Folder): Promise<Cluster["kubectl"]> {
  const kubeconfig = await folder.write("admin.kubeconfig", kubeconfigText(port, ca, adminToken));
  const flags = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(folder.path, "kubectl")}`];
  return (args, options = {}) => execute(program("kubectl"), [...flags, ...args], { env: { HOME: folder.path }, ...options });
}

function kubeconfigText(port: number, ca: string, token: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "e2e", cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "e2e", user: { token } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "e2e" } }],
    "current-context": "e2e",
  });
}

const CLUSTER_WIDE: ReadonlySet<string> = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterTrustPolicy", "CustomResourceDefinition", "Node"]);

const PLURALS: ReadonlyMap<string, string> = new Map([["PodMetrics", "pods"]]);

function pathOf({ apiVersion, kind, metadata }: Manifest, namespace: string): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = CLUSTER_WIDE.has(kind) ? "" : `/namespaces/${namespace}`;
  return `${group}${scope}/${PLURALS.get(kind) ?? `${kind.toLowerCase()}s`}/${metadata.name}`;
}
