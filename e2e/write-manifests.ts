// Writes deploy/manifests from the chart: `npm run generate:manifests`, or `node e2e/write-manifests.ts HELM` with a Helm of your own.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "./programs.ts";
import { plainManifests } from "../tools/manifests/plain.ts";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = "deploy/manifests";

const helm = process.argv[2] ?? program("helm4");
const { stdout } = await promisify(execFile)(helm, ["template", "pratique", join(ROOT, "charts/pratique"), "--namespace", "pratique-system", "--kube-version", "1.36.0", "--set", "uninstallHook.enabled=false"]);
for (const [name, content] of plainManifests(stdout)) {
  await writeFile(join(ROOT, FOLDER, name), content);
  console.log(`wrote ${FOLDER}/${name}`);
}
