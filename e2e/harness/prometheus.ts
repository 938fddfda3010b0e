// Debian's Prometheus, which scrapes Pratique and goes by the chart's rules.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { stringify } from "yaml";
import { program } from "../programs.ts";
import type { Folder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { start, until } from "./process.ts";

/** One series of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** What an expression comes to now. Throws for one that cannot be read. */
  query(expression: string): Promise<readonly Sample[]>;
  /** The alerts that fire now. */
  firing(): Promise<readonly FiringAlert[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** The ports of the targets, by what the operator would call their Pods. */
  readonly targets: ReadonlyMap<string, number>;
  /** What the operator says of every target. */
  readonly labels: Readonly<Record<string, string>>;
  /** `spec.groups` of a PrometheusRule. */
  readonly groups: unknown;
}

/** Starts it in a folder of its own below this one. It scrapes, and looks at the rules, every second. */
export async function startPrometheus(folder: Folder, { targets, labels, groups }: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort();
  const rules = await folder.write("rules.yaml", stringify({ groups }));
  const config = await folder.write(
    "prometheus.yaml",
    stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      scrape_configs: [{ job_name: "pratique", static_configs: [...targets].map(([pod, at]) => ({ targets: [`127.0.0.1:${at}`], labels: { ...labels, pod } })) }],
    }),
  );
  const data = join(folder.path, "prometheus");
  await mkdir(data);
  const running = start(program("prometheus"), [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"]);
  const ask = async (path: string): Promise<unknown> => {
    const response = await request(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.body.json()) as { readonly status: string; readonly error?: string; readonly data: unknown };
    if (answer.status !== "success") throw new Error(`Prometheus: ${answer.error}`);
    return answer.data;
  };
  await until("Prometheus answers", () => ask("status/runtimeinfo"), { evidence: () => running.output() });
  return {
    query: async (expression) => ((await ask(`query?query=${encodeURIComponent(expression)}`)) as { readonly result: readonly Sample[] }).result,
    firing: async () => {
      const { alerts } = (await ask("alerts")) as { readonly alerts: readonly (FiringAlert & { readonly state: string })[] };
      return alerts.filter(({ state }) => state === "firing");
    },
    stop: () => running.kill(),
  };
}
