// Requests to the API server, one after another from several callers, for as long as something goes on.
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Cluster } from "./cluster.ts";

/** One request that is made again and again, and what must come of it. */
export interface Probe {
  readonly name: string;
  readonly path: string;
  readonly body: unknown;
  readonly isRight: (answer: Answer) => boolean;
}

export interface Load {
  /** Answers so far that were as they should be. */
  readonly right: number;
  /** Ends it, when every request under way has its answer. */
  stop(): Promise<LoadReport>;
}

export interface LoadReport {
  readonly right: number;
  /** What was not, in words. */
  readonly wrong: readonly string[];
}

const CALLERS = 4;
/** Between two requests of a caller: enough of them meet each moment of a change, and the machine has others to serve. */
const PAUSE_MS = 15;

/** Starts it: each caller makes each of the requests in turn. */
export function startLoad(cluster: Cluster, probes: readonly Probe[]): Load {
  const report = { right: 0, wrong: [] as string[] };
  const stopping = new AbortController();
  const one = async ({ name, path, body, isRight }: Probe): Promise<void> => {
    const answer = await cluster.call("POST", path, body).catch((error: unknown) => ({ status: 0, body: String(error) }));
    if (isRight(answer)) report.right += 1;
    else report.wrong.push(`${name}: ${answer.status} ${JSON.stringify((answer.body as { readonly message?: string } | null)?.message ?? answer.body)}`);
  };
  const caller = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const probe of probes) {
        await one(probe);
        await sleep(PAUSE_MS);
      }
    }
  };
  const callers = Promise.all(Array.from({ length: CALLERS }, caller));
  return {
    get right() {
      return report.right;
    },
    stop: async () => {
      stopping.abort();
      await callers;
      return report;
    },
  };
}

/** A Pod that is created as a dry run: judged as any other, and not kept. */
export function podProbe(name: string, namespace: string, image: string, isRight: Probe["isRight"]): Probe {
  const body = { apiVersion: "v1", kind: "Pod", metadata: { generateName: "load-" }, spec: { containers: [{ name: "web", image }] } };
  return { name, path: `/api/v1/namespaces/${namespace}/pods?dryRun=All`, body, isRight };
}

export function isCreated({ status }: Answer): boolean {
  return status === 201;
}

/** Refused by us, for what the image is: not by an API server that could not ask. */
export function isRefusedAsUnsigned({ status, body }: Answer): boolean {
  return status === 403 && JSON.stringify(body).includes("(Unsigned)");
}

/** One of each kind that names an image, as dry runs that must succeed, and a namespace. */
export function workloadProbes(namespace: string, image: string): readonly Probe[] {
  const metadata = { generateName: "load-", labels: { app: "load" } };
  const template = { metadata: { labels: { app: "load" } }, spec: { containers: [{ name: "web", image }] } };
  const job = { template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } };
  const spec = { selector: { matchLabels: { app: "load" } }, template };
  const kinds: readonly (readonly [kind: string, group: string, fields: object])[] = [
    ["Deployment", "apps/v1", { spec }],
    ["StatefulSet", "apps/v1", { spec: { ...spec, serviceName: "load" } }],
    ["DaemonSet", "apps/v1", { spec }],
    ["ReplicaSet", "apps/v1", { spec }],
    ["Job", "batch/v1", { spec: job }],
    ["CronJob", "batch/v1", { spec: { schedule: "0 0 * * *", jobTemplate: { spec: job } } }],
    ["ReplicationController", "v1", { spec: { selector: { app: "load" }, template } }],
    ["PodTemplate", "v1", { template }],
  ];
  return [
    podProbe("Pod", namespace, image, isCreated),
    ...kinds.map(([kind, apiVersion, fields]): Probe => {
      const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      return { name: kind, path: `${root}/namespaces/${namespace}/${kind.toLowerCase()}s?dryRun=All`, body: { apiVersion, kind, metadata, ...fields }, isRight: isCreated };
    }),
    { name: "Namespace", path: "/api/v1/namespaces?dryRun=All", body: { apiVersion: "v1", kind: "Namespace", metadata }, isRight: isCreated },
  ];
}
