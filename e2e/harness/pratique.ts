// Pratique as its chart installs it, but for the Deployment: `pratique serve` runs from a bundle of the checkout, as the image
// has it, and the API server calls it on loopback. Accounts, roles, configuration and webhook entries are the chart's.
import { join } from "node:path";
import { createAuthority } from "../../test/helpers/certificates.ts";
import { shippedFlags } from "../../test/helpers/shipped-flags.ts";
import { bundle } from "../../tools/build.ts";
import { type KubernetesObject, only, RELEASE_NAMESPACE, renderChart } from "./chart.ts";
import type { Cluster } from "./cluster.ts";
import { readiness, readMetric, review, type ReviewRequest, type ReviewResponse } from "./direct.ts";
import { freePort } from "./ports.ts";
import { type Running, start, until } from "./process.ts";
import type { Registry } from "./registries.ts";

export interface Pratique {
  /** What the chart rendered. */
  readonly objects: readonly KubernetesObject[];
  /** The value of a metric, summed over the series that have these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** The status of `/readyz`. */
  readiness(): Promise<number>;
  /** What it has logged. */
  output(): string;
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Where the webhook listens, on loopback. */
  readonly port: number;
  /** Where its metrics are, on loopback. */
  readonly metricsPort: number;
  /** Puts another certificate of the same authority in the place of the one that it serves. */
  replaceCertificate(): Promise<void>;
  /** SIGTERM; its exit status. */
  terminate(): Promise<number | null>;
  kill(): Promise<void>;
  /** Starts it again, on the same port and with a new token of its account, and does not wait until it is ready. */
  launch(): Promise<void>;
  ready(): Promise<void>;
  /** Sends a review as the API server would; the review's response. */
  review(path: string, request: ReviewRequest): Promise<ReviewResponse>;
}

/** What is told to the chart besides where registries are: a part of its `config` values. */
export type Settings = Readonly<Record<string, unknown>>;

export const CHECKOUT = join(import.meta.dirname, "../..");

/** Installs the chart, starts Pratique, with these variables besides, and waits until it is ready. */
export async function startPratique(cluster: Cluster, registries: readonly Registry[], settings: Settings = {}, variables: Readonly<Record<string, string>> = {}): Promise<Pratique> {
  const authority = await createAuthority("pratique");
  const writeCertificate = async (): Promise<void> => {
    const { cert, key } = await authority.issue({ dnsNames: ["localhost"], ips: ["127.0.0.1"] });
    await cluster.folder.write("pratique.key", key);
    await cluster.folder.write("pratique.crt", cert);
  };
  const port = await freePort();
  const metricsPort = await freePort();
  const objects = await renderChart({
    certificate: { mode: "secret", secretName: "pratique-tls", caBundle: authority.cert },
    config: { registries: registries.map(registrySettings), ...settings },
    // Nobody uninstalls it, so its role holds what the server needs.
    uninstallHook: { enabled: false },
  });
  await writeCertificate();
  await install(cluster, objects, `https://127.0.0.1:${port}`);
  const config = await cluster.folder.write("pratique.yaml", only(objects, "ConfigMap")["data"]["pratique.yaml"]);
  const flags = [
    `--listen=127.0.0.1:${port}`,
    `--metrics-listen=127.0.0.1:${metricsPort}`,
    `--tls-cert-file=${join(cluster.folder.path, "pratique.crt")}`,
    `--tls-key-file=${join(cluster.folder.path, "pratique.key")}`,
  ];
  const url = `https://127.0.0.1:${port}`;
  const program = join(cluster.folder.path, "main.mjs");
  await bundle(program);
  const nodeFlags = await shippedFlags();
  const launch = async (): Promise<Running> => {
    const kubeconfig = await accountKubeconfig(cluster, objects);
    const env = { ...variables, KUBECONFIG: kubeconfig, HOME: cluster.folder.path };
    return start(process.execPath, [...nodeFlags, program, "serve", `--config=${config}`, ...flags], { env });
  };
  let running = await launch();
  const ready = async (): Promise<void> => {
    await until("Pratique is ready", async () => (!running.hasEnded() && (await readiness(url)) === 200 ? true : undefined), {
      evidence: () => running.output(),
    });
  };
  await ready();

  return {
    objects,
    metric: (name, labels = {}) => readMetric(`http://127.0.0.1:${metricsPort}/metrics`, name, labels),
    readiness: () => readiness(url),
    output: () => running.output(),
    get pid() {
      return running.pid;
    },
    signal: (name) => running.signal(name),
    port,
    metricsPort,
    replaceCertificate: writeCertificate,
    terminate: () => {
      running.signal("SIGTERM");
      return running.ended();
    },
    kill: () => running.kill(),
    launch: async () => {
      running = await launch();
    },
    ready,
    review: (path, asked) => review(url + path, asked),
  };
}

/** What the configuration says of a test registry. */
export function registrySettings({ host, tokenRealm }: Registry): object {
  return { host, plainHTTP: true, allowPrivate: true, ...(tokenRealm === undefined ? {} : { tokenRealms: [tokenRealm] }) };
}

async function install(cluster: Cluster, objects: readonly KubernetesObject[], url: string): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE_NAMESPACE } };
  await apply(cluster, [namespace]);
  await apply(cluster, objects.map((object) => (object.kind === "ValidatingWebhookConfiguration" ? called(object, url) : object)));
}

/** Applies objects as an administrator, those without a namespace of their own in the release's. */
async function apply(cluster: Cluster, objects: readonly unknown[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const { status, stderr } = await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-n", RELEASE_NAMESPACE, "-f", "-"], { input });
  if (status !== 0) throw new Error(`the objects are not accepted:\n${stderr}`);
}

// The entries as they were rendered, changed in nothing but where they are called.
function called(configuration: KubernetesObject, url: string): object {
  const webhooks = configuration["webhooks"] as readonly { readonly clientConfig: { readonly caBundle: string; readonly service: { readonly path: string } } }[];
  return {
    ...configuration,
    webhooks: webhooks.map((webhook) =>
      Object.assign({}, webhook, { clientConfig: { url: url + webhook.clientConfig.service.path, caBundle: webhook.clientConfig.caBundle } }),
    ),
  };
}

// The account of the chart, and what its role lets it do: no administrator's rights.
export async function accountKubeconfig(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<string> {
  const account = only(objects, "ServiceAccount").metadata.name;
  const { status, stdout, stderr } = await cluster.kubectl(["create", "token", account, "-n", RELEASE_NAMESPACE, "--duration=1h"]);
  if (status !== 0) throw new Error(`no token for the account: ${stderr}`);
  return cluster.kubeconfig("pratique", stdout.trim());
}
