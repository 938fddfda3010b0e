import type { KubeConfig } from "@kubernetes/client-node";
import { messageOf } from "../../errors.ts";
import { ClusterError } from "./cluster-error.ts";

/** Where the API server's address and our credentials come from. */
export type ClusterSource =
  /** The Pod's own ServiceAccount. `root` is put before the path of its files; empty when absent. */
  | { readonly kind: "in-cluster"; readonly root?: string }
  | { readonly kind: "kubeconfig"; readonly file: string; readonly context?: string | undefined }
  /** As kubectl looks: KUBECONFIG, then ~/.kube/config, then the Pod's ServiceAccount. `context` wins over the current one. */
  | { readonly kind: "default"; readonly context?: string | undefined };

/** Reads the files anew on each call. Throws ClusterError (Misconfigured). */
export async function loadKubeConfig(source: ClusterSource): Promise<KubeConfig> {
  // Imported late: client-node takes 0.4 s and 90 MB, which nobody without a cluster should pay.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    fill(config, source);
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    throw new ClusterError("Misconfigured", `${describe(source)} cannot be read: ${messageOf(cause)}`, { cause });
  }
  refuseUnusable(config, source);
  return config;
}

/** The namespace of the context that is used, as kubectl takes it. Throws ClusterError (Misconfigured). */
export async function currentNamespace(source: ClusterSource): Promise<string> {
  const config = await loadKubeConfig(source);
  return config.getContextObject(config.getCurrentContext())?.namespace || "default";
}

function fill(config: KubeConfig, source: ClusterSource): void {
  switch (source.kind) {
    case "kubeconfig":
      config.loadFromFile(source.file);
      return choose(config, source.context);
    case "default":
      config.loadFromDefault();
      return choose(config, source.context);
    case "in-cluster":
      // client-node would go on and ask https://undefined:undefined.
      if (!process.env["KUBERNETES_SERVICE_HOST"] || !process.env["KUBERNETES_SERVICE_PORT"]) {
        throw new ClusterError("Misconfigured", "this process does not run in a Pod: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set");
      }
      return config.loadFromCluster(source.root ?? "");
  }
}

function choose(config: KubeConfig, context: string | undefined): void {
  if (context === undefined) return;
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) throw new ClusterError("Misconfigured", `the kubeconfig has no context ${JSON.stringify(context)}; it has ${names.join(", ") || "none"}`);
  config.setCurrentContext(context);
}

function refuseUnusable(config: KubeConfig, source: ClusterSource): void {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new ClusterError("Misconfigured", `${describe(source)} has no cluster for its current context; choose one with kubectl config use-context`);
  }
  // Also what client-node makes up when it finds no configuration at all (http://localhost:8080).
  if (!cluster.server.startsWith("https:") && !cluster.skipTLSVerify) {
    throw new ClusterError(
      "Misconfigured",
      `${describe(source)} leads to ${cluster.server}, which is not https; set KUBECONFIG to a file that names your cluster's https address`,
    );
  }
  if (cluster.proxyUrl?.startsWith("socks")) {
    throw new ClusterError("Misconfigured", `${describe(source)} asks for a SOCKS proxy, which is not supported; use an http(s) proxy-url`);
  }
}

function describe(source: ClusterSource): string {
  switch (source.kind) {
    case "kubeconfig":
      return `the kubeconfig ${source.file}`;
    case "default":
      return "the kubeconfig (KUBECONFIG, ~/.kube/config or the Pod's ServiceAccount)";
    case "in-cluster":
      return "the Pod's ServiceAccount";
  }
}
