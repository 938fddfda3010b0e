// Which npm packages are in the bundle: those that esbuild took a file of, and no other of the lock file.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../build.ts";
import type { Lock, LockedPackage } from "./lock.ts";

export interface Dependency extends LockedPackage {
  /** What its own files say of its licence; empty when they say nothing. */
  readonly licenseText: string;
}

const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)\b/i;

/** By name and version, each once. */
export async function dependenciesIn(inputs: readonly string[], lock: Lock): Promise<readonly Dependency[]> {
  const folders = new Set(inputs.flatMap((path) => PACKAGE_FOLDER.exec(path)?.[0] ?? []));
  const dependencies = await Promise.all([...folders].map((folder) => dependencyIn(folder, lock)));
  const unique = new Map(dependencies.map((dependency) => [`${dependency.name}@${dependency.version}`, dependency]));
  return [...unique].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, dependency]) => dependency);
}

async function dependencyIn(folder: string, lock: Lock): Promise<Dependency> {
  const names = (await readdir(join(ROOT, folder))).filter((name) => LICENSE_FILE.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(ROOT, folder, name), "utf8")));
  return { ...lock(folder), licenseText: texts.join("\n") };
}
