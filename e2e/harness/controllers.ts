// kube-controller-manager: Deployments become Pods, Jobs end, endpoints follow readiness, what is owned goes with its owner.
import { join } from "node:path";
import { program } from "../programs.ts";
import type { Cluster } from "./cluster.ts";
import { type Running, start, until } from "./process.ts";

/** Nobody reports a node's health here, so those that act on it would take every Pod away. */
const WITHOUT = ["node-lifecycle-controller", "taint-eviction-controller", "pod-garbage-collector-controller", "node-ipam-controller"];

/** Starts it, with an account of its own for each controller, and waits until it works. */
export async function startControllers(cluster: Cluster): Promise<Pick<Running, "kill" | "output">> {
  const file = (name: string): string => join(cluster.folder.path, name);
  const running = start(program("kube-controller-manager"), [
    `--kubeconfig=${file("admin.kubeconfig")}`,
    `--service-account-private-key-file=${file("accounts.key")}`,
    `--root-ca-file=${file("cluster.crt")}`,
    `--controllers=*,${WITHOUT.map((name) => `-${name}`).join(",")}`,
    "--use-service-account-credentials",
    "--leader-elect=false",
    "--secure-port=0",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    // A test does not wait for minutes until an autoscaler believes what it sees.
    "--horizontal-pod-autoscaler-sync-period=1s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
  ]);
  const isAtWork = async (): Promise<true | undefined> => {
    if (running.hasEnded()) throw new Error("kube-controller-manager has ended");
    const { status } = await cluster.call("GET", "/api/v1/namespaces/default/serviceaccounts/default");
    return status === 200 ? true : undefined;
  };
  await until("kube-controller-manager works", isAtWork, { evidence: () => running.output() });
  return running;
}
