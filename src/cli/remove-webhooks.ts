import { ClusterError } from "../adapters/kubernetes/cluster-error.ts";
import { isObjectName } from "../adapters/kubernetes/object-name.ts";
import { composeRemoval, type Removal } from "../app/removal.ts";
import { readArguments } from "./arguments.ts";
import { clusterSource } from "./cluster-source.ts";
import type { ExitStatus, Io } from "./io.ts";
import { UsageError } from "./usage-error.ts";

const NAME = "webhook-configuration";

/** Deletes webhook configurations by their names, each whatever becomes of the others. */
export async function removeWebhooks(args: readonly string[], io: Io): Promise<ExitStatus> {
  const { options, all, words } = readArguments(args, [NAME, "kubeconfig"], { repeated: [NAME] });
  const names = namesOf(all(NAME), words);
  const removal = await compose(options.get("kubeconfig"), io);
  try {
    const outcomes = await Promise.all(names.map((name) => remove(removal, name, io)));
    return outcomes.every((isGone) => isGone) ? 0 : 1;
  } finally {
    await removal.close();
  }
}

function namesOf(names: readonly string[], words: readonly string[]): readonly string[] {
  if (words.length > 0) throw new UsageError(`remove-webhooks takes no ${JSON.stringify(words[0])}; write --${NAME} NAME`);
  if (names.length === 0) throw new UsageError(`say which: --${NAME} NAME, the name that \`kubectl get validatingwebhookconfigurations\` shows`);
  const bad = names.find((name) => !isObjectName(name));
  if (bad !== undefined) throw new UsageError(`--${NAME} is ${JSON.stringify(bad)}, which no object of Kubernetes can be named`);
  return names;
}

async function compose(kubeconfig: string | undefined, io: Io): Promise<Removal> {
  try {
    return await composeRemoval(clusterSource(kubeconfig, io));
  } catch (error) {
    if (error instanceof ClusterError) throw new UsageError(error.message);
    throw error;
  }
}

/** Whether it is gone. */
async function remove(removal: Removal, name: string, io: Io): Promise<boolean> {
  try {
    const outcome = await removal.remove(name);
    io.stdout.write(`ValidatingWebhookConfiguration ${name}: ${outcome === "removed" ? "removed; no request waits for it any more" : "not there; nothing to remove"}\n`);
    return true;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    io.stderr.write(`pratique: ${error.message}\n`);
    return false;
  }
}
