// Everything that is in a cluster.
import type { Cluster } from "./cluster.ts";

interface Listed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

// Events tell of what was. A Lease is renewed under the name of who holds it, and an API server's goes with it.
const PASSING: ReadonlySet<string> = new Set(["Event", "ComponentStatus"]);

/** `Kind namespace/name` of every object of every resource that can be listed. */
export async function inventory(cluster: Cluster): Promise<ReadonlySet<string>> {
  const resources = (await succeed(cluster, ["api-resources", "--verbs=list", "-o", "name", "--no-headers"])).split("\n").filter((name) => name !== "");
  const { items } = JSON.parse(await succeed(cluster, ["get", resources.join(","), "-A", "-o", "json"])) as { readonly items: readonly Listed[] };
  return new Set(items.filter(({ kind }) => !PASSING.has(kind)).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`));
}

async function succeed(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await cluster.kubectl(args);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
