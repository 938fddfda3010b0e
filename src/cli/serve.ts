import { type App, createApp } from "../app.ts";
import { FLAGS, type Flags } from "../config.ts";
import { messageOf } from "../errors.ts";
import { readArguments } from "./arguments.ts";
import { clusterSource } from "./cluster-source.ts";
import { readConfig } from "./configuration.ts";
import type { ExitStatus, Io } from "./io.ts";
import { UsageError } from "./usage-error.ts";

/** Serves until it is asked to stop. */
export async function serve(args: readonly string[], io: Io): Promise<ExitStatus> {
  const { options, words } = readArguments(args, ["config", "kubeconfig", ...Object.keys(FLAGS)]);
  if (words.length > 0) throw new UsageError(`serve takes no ${JSON.stringify(words[0])}; the configuration is given by --config FILE`);
  const config = await readConfig(options.get("config"), flagsOf(options));
  const app = createApp(config, { cluster: clusterSource(options.get("kubeconfig"), io), env: io.env, logs: io.stdout });
  // A process that is the first of its container does not hear what it has not asked for.
  const asked = io.stopAsked();
  if (!(await hasStarted(app, io))) return 1;
  await asked;
  await app.stop();
  return 0;
}

function flagsOf(options: ReadonlyMap<string, string>): Flags {
  return Object.fromEntries([...options].filter(([name]) => name in FLAGS));
}

async function hasStarted(app: App, io: Io): Promise<boolean> {
  try {
    await app.start();
    return true;
  } catch (error) {
    io.stderr.write(`pratique: cannot start: ${messageOf(error)}\n`);
    return false;
  }
}
