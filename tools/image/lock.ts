// What package-lock.json says of the packages that end up in the image.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.ts";

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as its author gave it. */
  readonly license: string | undefined;
  /** The SHA-512 of its archive, in hex. */
  readonly sha512: string;
}

/** Gives the package that lies in a folder of the checkout, such as `node_modules/a/node_modules/@b/c`. */
export type Lock = (folder: string) => LockedPackage;

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

const FOLDER = "node_modules/";
const SHA512 = "sha512-";

export function readLock(): Lock {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Readonly<Record<string, LockEntry>> };
  return (folder) => {
    const { version, license, integrity } = packages[folder] ?? {};
    if (version === undefined || integrity?.startsWith(SHA512) !== true) throw new Error(`package-lock.json does not pin ${folder} by its SHA-512`);
    const name = folder.slice(folder.lastIndexOf(FOLDER) + FOLDER.length);
    return { name, version, license, sha512: Buffer.from(integrity.slice(SHA512.length), "base64").toString("hex") };
  };
}
