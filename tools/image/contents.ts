// What is in the image for one platform: three layers, of which a new release changes the last.
import { accountsTree } from "./accounts.ts";
import type { Announce } from "./cache.ts";
import { debianTree, packageArchive } from "./debian.ts";
import type { Dependency } from "./dependencies.ts";
import { type LockedPackage, readLock } from "./lock.ts";
import { nodeArchive, nodePackageOf, nodeTree } from "./node.ts";
import { type Pin, pinsFor } from "./pins.ts";
import { type Platform, PLATFORMS } from "./platform.ts";
import { makeProgram } from "./program.ts";
import { merged, type Tree } from "./tree.ts";

export interface Contents {
  readonly platform: Platform;
  readonly parts: readonly { readonly title: string; readonly tree: Tree }[];
  readonly node: LockedPackage;
  readonly debian: readonly Pin[];
  readonly dependencies: readonly Dependency[];
}

export async function contentsFor(platform: Platform, announce: Announce): Promise<Contents> {
  const lock = readLock();
  const node = nodePackageOf(platform, lock);
  const [debian, nodeFiles, program] = await Promise.all([debianTree(platform, announce), nodeTree(platform, lock, announce), makeProgram(lock)]);
  return {
    platform,
    parts: [
      { title: "Debian's libraries, certificate authorities", tree: merged([debian, accountsTree(node.version)]) },
      { title: `Node ${node.version}`, tree: nodeFiles },
      { title: "Pratique", tree: program.tree },
    ],
    node,
    debian: pinsFor(platform),
    dependencies: program.dependencies,
  };
}

/** Has everything in the cache that the images are made of. */
export async function fetchAll(announce: Announce): Promise<void> {
  const lock = readLock();
  const archives = PLATFORMS.map((platform) => nodeArchive(platform, lock, announce));
  const packages = PLATFORMS.flatMap(pinsFor).map((pin) => packageArchive(pin, announce));
  await Promise.all([...archives, ...packages]);
}

/** All of it, as one filesystem. */
export function rootfs({ parts }: Contents): Tree {
  return merged(parts.map(({ tree }) => tree));
}
