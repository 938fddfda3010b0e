// The C and C++ libraries that Node is linked with, Debian's name and its licences, out of Debian packages that are not installed.
import { basename } from "node:path";
import { type Announce, pinnedFile } from "./cache.ts";
import { fetchPackage } from "./debian-archive.ts";
import { run } from "./command.ts";
import { type Pin, pinsFor } from "./pins.ts";
import type { Platform } from "./platform.ts";
import { file, merged, readArchive, type Tree } from "./tree.ts";

export const PACKAGES = ["base-files", "gcc-12-base", "libc6", "libgcc-s1", "libstdc++6"] as const;

const WANTED: readonly RegExp[] = [
  /^(?:usr\/)?lib(?:64)?\/(?:\w+-linux-gnu\/)?(?:ld-linux-[\w-]+|lib(?:c|m|dl|pthread|gcc_s|stdc\+\+))\.so(?:\.\d+)+$/,
  // A package without a copyright file of its own links to the folder of one that has it.
  /^usr\/share\/doc\/[^/]+(?:\/copyright)?$/,
  /^usr\/share\/common-licenses\/[^/]+$/,
  /^(?:etc|usr\/lib)\/os-release$/,
];

export async function debianTree(platform: Platform, announce: Announce): Promise<Tree> {
  return merged(await Promise.all(pinsFor(platform).map(async (pin) => unpacked(pin, await packageArchive(pin, announce)))));
}

/** The path of the package. */
export function packageArchive(pin: Pin, announce: Announce): Promise<string> {
  return pinnedFile({ file: basename(pin.path), algorithm: "sha256", hash: pin.sha256 }, (folder) => fetchPackage(pin, folder), announce);
}

async function unpacked({ name }: Pin, archive: string): Promise<Tree> {
  const files = await readArchive(await run("dpkg-deb", ["--fsys-tarfile", archive]), (path) => WANTED.some((wanted) => wanted.test(path)));
  const about = await run("dpkg-deb", ["--field", archive]);
  // Scanners learn from here which packages there are, and of which version.
  return merged([files, new Map([[`var/lib/dpkg/status.d/${name}`, file(about)]])]);
}
