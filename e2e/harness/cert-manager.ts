// cert-manager on a cluster: its definitions, its controllers, and the injector that writes a `caBundle`.
import { join } from "node:path";
import { program } from "../programs.ts";
import type { Cluster } from "./cluster.ts";
import { type Running, start, until } from "./process.ts";

/** Defines its kinds, and waits until they can be used. */
export async function defineCertManager(cluster: Cluster): Promise<void> {
  const { status, stderr } = await cluster.kubectl(["apply", "--server-side", "-f", program("cert-manager-definitions")]);
  if (status !== 0) throw new Error(stderr);
  const areServed = async (): Promise<true | undefined> => {
    const answers = await Promise.all(["certificates", "certificaterequests", "issuers", "clusterissuers"].map((kind) => cluster.call("GET", `/apis/cert-manager.io/v1/${kind}`)));
    return answers.every(({ status }) => status === 200) ? true : undefined;
  };
  await until("cert-manager's kinds are served", areServed);
}

/** Starts it as an administrator, and waits until it works. */
export async function startCertManager(cluster: Cluster): Promise<Pick<Running, "kill" | "output">> {
  await defineCertManager(cluster);
  const running = start(program("cert-manager"), [`--kubeconfig=${join(cluster.folder.path, "admin.kubeconfig")}`], { env: { HOME: cluster.folder.path } });
  const isAtWork = async (): Promise<true | undefined> => {
    if (running.hasEnded()) throw new Error(`cert-manager has ended: ${running.output()}`);
    return running.output().includes("Starting workers") ? true : undefined;
  };
  await until("cert-manager works", isAtWork, { evidence: () => running.output() });
  return running;
}
