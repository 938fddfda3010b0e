// The chart as a release of one Helm.
import { join } from "node:path";
import { stringify } from "yaml";
import { program } from "../programs.ts";
import { CHART, type Helm, RELEASE, RELEASE_NAMESPACE } from "./chart.ts";
import type { Cluster } from "./cluster.ts";
import { execute, type Outcome } from "./process.ts";

export interface Release {
  install(values: object, ...flags: readonly string[]): Promise<Outcome>;
  upgrade(values: object, ...flags: readonly string[]): Promise<Outcome>;
  rollback(revision: number, ...flags: readonly string[]): Promise<Outcome>;
  uninstall(...flags: readonly string[]): Promise<Outcome>;
  test(): Promise<Outcome>;
}

const WAIT = ["--wait", "--timeout", "90s"];

/** The release, by an administrator with this Helm. */
export function releaseBy(helm: Helm, cluster: Cluster, chart = CHART): Release {
  const home = join(cluster.folder.path, helm);
  const env = { HOME: home, KUBECONFIG: join(cluster.folder.path, "admin.kubeconfig") };
  const run = (args: readonly string[], values?: object): Promise<Outcome> =>
    execute(program(helm), [...args, "--namespace", RELEASE_NAMESPACE], { env, ...(values && { input: stringify(values) }) });
  return {
    install: (values, ...flags) => run(["install", RELEASE, chart, "--values", "-", ...WAIT, ...flags], values),
    upgrade: (values, ...flags) => run(["upgrade", RELEASE, chart, "--values", "-", ...WAIT, ...flags], values),
    rollback: (revision, ...flags) => run(["rollback", RELEASE, String(revision), ...WAIT, ...flags]),
    uninstall: (...flags) => run(["uninstall", RELEASE, ...WAIT, ...flags]),
    test: () => run(["test", RELEASE, "--timeout", "60s"]),
  };
}
