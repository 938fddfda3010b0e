// A container of the image under runc, as the chart's Pod has it: its user, its rights and its memory. Only the network is the
// test's, so that it is reached on loopback.
import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { program } from "../programs.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { execute, type Outcome, type Running, start } from "./process.ts";
import { type ContainerSettings, runtimeSpec } from "./runtime-spec.ts";

export type Asked = Pick<ContainerSettings, "args" | "command" | "user">;

export interface Runtime {
  /** Runs a container to its end. */
  run(asked: Asked): Promise<Outcome>;
  /** Starts one that goes on; a signal to it is one to its program. */
  start(name: string, asked: Asked): Promise<Running>;
  /** Runs a command beside what was started under this name. */
  exec(name: string, command: readonly string[]): Promise<Outcome>;
  remove(): Promise<void>;
}

export type Installed = Omit<ContainerSettings, "cgroup" | keyof Asked>;

/** What may be run of an image that was unpacked and installed. */
export async function createRuntime(installed: Installed): Promise<Runtime> {
  const folder = await temporaryFolder();
  if (process.getuid?.() !== 0) throw new Error("runc takes root to run a container with its rights taken away: run this as root");
  const runc = (...args: readonly string[]): readonly string[] => ["--root", join(folder.path, "state"), ...args];
  const names = new Set<string>();
  const deleteAll = (): void => {
    for (const name of names) spawnSync(program("runc"), runc("delete", "--force", name));
    names.clear();
  };
  // A container outlives the runc that started it.
  process.on("exit", deleteAll);
  const prepare = async (name: string, asked: Asked): Promise<readonly string[]> => {
    names.add(name);
    const cgroup = `/pratique-e2e-${process.pid}-${name}`;
    return runc("run", "--bundle", await writeBundle(folder, name, { ...installed, ...asked, cgroup }), name);
  };
  return {
    run: async (asked) => execute(program("runc"), await prepare(`run-${names.size}`, asked)),
    start: async (name, asked) => start(program("runc"), await prepare(name, asked)),
    exec: (name, command) => execute(program("runc"), runc("exec", name, ...command)),
    remove: async () => {
      deleteAll();
      await folder.remove();
    },
  };
}

async function writeBundle(folder: Folder, name: string, settings: ContainerSettings): Promise<string> {
  const bundle = join(folder.path, name);
  await mkdir(bundle);
  await writeFile(join(bundle, "config.json"), JSON.stringify(runtimeSpec(settings)));
  return bundle;
}

/** A folder of files as the kubelet mounts a Secret or a ConfigMap: root's, for a group to read. */
export async function mountedFolder(path: string, files: Readonly<Record<string, string>>, group: number): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, name), text);
    await chmod(join(path, name), 0o440);
    await chown(join(path, name), 0, group);
  }
}
