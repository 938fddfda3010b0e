// A container of the image under runc, as the chart's Pod has it: its user, its rights and its memory. Only the network is the
// test's, so that it is reached on loopback.
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
  start(name: string): Promise<Running>;
  /** Runs a command beside what was started under this name. */
  exec(name: string, command: readonly string[]): Promise<Outcome>;
  remove(): Promise<void>;
}

export type Installed = Omit<ContainerSettings, "cgroup" | keyof Asked>;

/** What may be run of an image that was unpacked and installed. */
export async function createRuntime(installed: Installed): Promise<Runtime> {
  const folder = await temporaryFolder();
  const runc = (...args: readonly string[]): readonly string[] => ["--root", join(folder.path, "state"), ...args];
  const names = new Set<string>();
  const prepare = async (name: string, asked: Asked): Promise<readonly string[]> => {
    names.add(name);
    const cgroup = `/pratique-e2e-${process.pid}-${name}`;
    return runc("run", "--bundle", await writeBundle(folder, name, { ...installed, ...asked, cgroup }), name);
  };
  return {
    run: async (asked) => execute(program("runc"), await prepare(`run-${names.size}`, asked)),
    start: async (name) => start(program("runc"), await prepare(name, {})),
    exec: (name, command) => execute(program("runc"), runc("exec", name, ...command)),
    remove: async () => {
      for (const name of names) await execute(program("runc"), runc("delete", "--force", name));
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
