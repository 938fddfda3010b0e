// Pratique itself: the bundle, a command for those who look into a container, and the licences of what is bundled.
import { bundleAs } from "../build.ts";
import { type Dependency, dependenciesIn } from "./dependencies.ts";
import type { Lock } from "./lock.ts";
import { NODE } from "./node.ts";
import { executable, file, type Tree } from "./tree.ts";

const FOLDER = "pratique";
/** The name says that it is a module. */
const MAIN = "main.mjs";

export const PROGRAM = `${FOLDER}/${MAIN}`;
export const COMMAND = "usr/local/bin/pratique";

export interface Program {
  readonly tree: Tree;
  /** What is bundled. */
  readonly dependencies: readonly Dependency[];
}

export async function makeProgram(lock: Lock): Promise<Program> {
  const { files, inputs } = await bundleAs(MAIN);
  const dependencies = await dependenciesIn(inputs, lock);
  const tree = new Map([
    ...[...files].map(([name, bytes]) => [`${FOLDER}/${name}`, file(bytes)] as const),
    // `kubectl exec POD -- pratique doctor`: there is no shell to start it with.
    [COMMAND, executable(`#!/${NODE}\nimport("/${PROGRAM}");\n`)],
    [`${FOLDER}/LICENSES.txt`, file(dependencies.map(notice).join("\n"))],
  ]);
  return { tree, dependencies };
}

function notice({ name, version, license, licenseText }: Dependency): string {
  const title = `${name} ${version} (${license ?? "see below"})`;
  return `${title}\n${"=".repeat(title.length)}\n\n${licenseText}\n`;
}
