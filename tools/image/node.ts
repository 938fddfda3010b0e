// Node for a platform, from the npm package that the lock file pins: `npm ci` installs that of its own platform alone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../build.ts";
import { type Announce, pinnedFile } from "./cache.ts";
import { run } from "./command.ts";
import { NODE } from "./container.ts";
import type { Lock, LockedPackage } from "./lock.ts";
import type { Platform } from "./platform.ts";
import { readArchive, type Tree } from "./tree.ts";

/** What the image has of each file of the package. */
const PLACES: Readonly<Record<string, string>> = {
  "package/bin/node": NODE,
  "package/LICENSE": "usr/share/doc/nodejs/LICENSE",
};

export function nodePackageOf({ nodePackage }: Platform, lock: Lock): LockedPackage {
  return lock(`node_modules/${nodePackage}`);
}

export async function nodeTree(platform: Platform, lock: Lock, announce: Announce): Promise<Tree> {
  const archive = await nodeArchive(platform, lock, announce);
  const files = await readArchive(await readFile(archive), (path) => path in PLACES);
  if (files.size !== Object.keys(PLACES).length) throw new Error(`${archive} lacks one of ${Object.keys(PLACES).join(", ")}`);
  return new Map([...files].map(([path, entry]) => [PLACES[path] ?? path, entry]));
}

/** The path of the package. */
export function nodeArchive(platform: Platform, lock: Lock, announce: Announce): Promise<string> {
  const { name, version, sha512 } = nodePackageOf(platform, lock);
  const file = `${name}-${version}.tgz`;
  return pinnedFile({ file, algorithm: "sha512", hash: sha512 }, (folder) => pack(`${name}@${version}`, folder, file), announce);
}

// npm knows which registry to ask, through which proxy, and with which credentials; a checkout may have a say in it.
async function pack(specifier: string, folder: string, file: string): Promise<string> {
  await run("npm", ["pack", specifier, "--pack-destination", folder, "--silent"], { cwd: ROOT });
  return join(folder, file);
}
