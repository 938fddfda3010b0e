// Pratique itself: the bundle, a command for those who look into a container, and the licences of what is bundled.
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bundleAs, ROOT } from "../build.ts";
import { NODE, PROGRAM } from "./container.ts";
import { type Dependency, dependenciesIn } from "./dependencies.ts";
import type { Lock } from "./lock.ts";
import { executable, file, type Tree } from "./tree.ts";

const COMMAND = "usr/local/bin/pratique";
const LICENSE = "usr/share/doc/pratique/LICENSE";
const LICENSES = "usr/share/doc/pratique/LICENSES-OF-DEPENDENCIES";

export interface Program {
  readonly tree: Tree;
  /** What is bundled. */
  readonly dependencies: readonly Dependency[];
}

export async function makeProgram(lock: Lock): Promise<Program> {
  const { files, inputs } = await bundleAs(basename(PROGRAM));
  const dependencies = await dependenciesIn(inputs, lock);
  const tree = new Map([
    ...[...files].map(([name, bytes]) => [join(dirname(PROGRAM), name), file(bytes)] as const),
    // `kubectl exec POD -- pratique doctor`: there is no shell to start it with.
    [COMMAND, executable(`#!/${NODE}\nimport("/${PROGRAM}");\n`)],
    [LICENSE, file(await readFile(join(ROOT, "LICENSE")))],
    [LICENSES, file(dependencies.map(notice).join("\n"))],
  ]);
  return { tree, dependencies };
}

function notice({ name, version, license, licenseText }: Dependency): string {
  const title = `${name} ${version} (${license ?? "see below"})`;
  return `${title}\n${"=".repeat(title.length)}\n\n${licenseText || "This package comes without the text of its licence."}\n`;
}
