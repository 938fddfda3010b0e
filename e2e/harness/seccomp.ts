// The profile that Podman gives a container without capabilities, in the words of runc: what a node's runtime does for
// `RuntimeDefault`, whichever it is.
import { readFile } from "node:fs/promises";
import { program } from "../programs.ts";

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly Rule[];
}

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args: readonly unknown[] | null;
  readonly errnoRet?: number;
  /** Where the rule holds. */
  readonly includes: { readonly arches?: readonly string[]; readonly caps?: readonly string[] };
  readonly excludes: { readonly arches?: readonly string[] };
}

export async function defaultSeccomp(): Promise<object> {
  const profile = JSON.parse(await readFile(program("seccomp-profile"), "utf8")) as Profile;
  const [architecture, name] = process.arch === "arm64" ? ["arm64", "SCMP_ARCH_AARCH64"] : ["amd64", "SCMP_ARCH_X86_64"];
  const holds = ({ includes, excludes }: Rule): boolean =>
    (includes.caps ?? []).length === 0 && (includes.arches?.includes(architecture) ?? true) && excludes.arches?.includes(architecture) !== true;
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [name, ...(profile.archMap.find((entry) => entry.architecture === name)?.subArchitectures ?? [])],
    syscalls: profile.syscalls.filter(holds).map(({ names, action, args, errnoRet }) => ({ names, action, args: args ?? [], errnoRet })),
  };
}
