// The foreign programs of the end-to-end tests: built or fetched once, into a cache outside the checkout.
// `node e2e/programs.ts` makes all of them.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { moduleFolder, type ProgramName, type Recipe, RECIPES } from "./programs/recipes.ts";

export type { ProgramName } from "./programs/recipes.ts";

const CACHE = process.env["PRATIQUE_E2E_CACHE"] ?? join(homedir(), ".cache", "pratique-e2e");
const PLATFORM = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
const REPORT_EVERY_MS = 15_000;

/** The absolute path of a program. Throws when it has not been made: a test never does without. */
export function program(name: ProgramName): string {
  const recipe = RECIPES.find((recipe) => recipe.name === name);
  const path = recipe === undefined ? "" : placeOf(recipe);
  if (!existsSync(path)) throw new Error(`${name} is missing; run \`npm run e2e:programs\``);
  return path;
}

function placeOf(recipe: Recipe): string {
  return join(CACHE, `${recipe.name}-${recipe.version}-${PLATFORM}`, recipe.name);
}

async function makeAll(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const missing = RECIPES.filter((recipe) => !existsSync(placeOf(recipe)));
  console.log(`${RECIPES.length - missing.length} of ${RECIPES.length} foreign programs are in ${CACHE}`);
  for (const [i, recipe] of missing.entries()) {
    await withProgress(`[${i + 1}/${missing.length}] ${recipe.name} ${recipe.version}`, () => make(recipe));
  }
}

async function withProgress(title: string, work: () => Promise<void>): Promise<void> {
  const start = Date.now();
  const elapsed = () => `${Math.round((Date.now() - start) / 1000)} s`;
  console.log(`${title}: started`);
  const timer = setInterval(() => console.log(`${title}: ${elapsed()} so far`), REPORT_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  console.log(`${title}: done in ${elapsed()}`);
}

// Made apart and moved into place whole, so that neither an interrupted build nor a second one at the same time
// leaves half a program behind.
async function make(recipe: Recipe): Promise<void> {
  const place = placeOf(recipe);
  const workshop = await mkdtemp(join(CACHE, ".making-"));
  try {
    const output = join(workshop, "output");
    await mkdir(output);
    await produce(recipe, workshop, join(output, recipe.name));
    await rename(output, dirname(place)).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function produce(recipe: Recipe, workshop: string, target: string): Promise<void> {
  switch (recipe.kind) {
    case "build": {
      const ldflags = `-s -w${recipe.stamp === undefined ? "" : ` -X ${recipe.stamp}`}`;
      return go(["build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", target, recipe.package], { cwd: moduleFolder(recipe.module) });
    }
    case "definitions": {
      await go(["run", "sigs.k8s.io/controller-tools/cmd/controller-gen", "crd", `paths=${recipe.types}/v1`, `output:crd:dir=${workshop}`], { cwd: moduleFolder(recipe.module) });
      const files = (await readdir(workshop)).filter((file) => recipe.resources.some((resource) => file.endsWith(`_${resource}.yaml`)));
      return writeFile(target, await Promise.all(files.map((file) => readFile(join(workshop, file)))).then((parts) => Buffer.concat(parts)));
    }
    case "install":
      await go(["install", "-trimpath", "-ldflags", "-s -w", recipe.package], { cwd: workshop, env: { GOBIN: workshop } });
      return rename(join(workshop, recipe.program), target);
    case "debian":
      await download(recipe.package, recipe.version, workshop);
      return rename(join(workshop, recipe.file), target);
  }
}

async function go(args: readonly string[], options: RunOptions): Promise<void> {
  await run("go", args, { ...options, env: { CGO_ENABLED: "0", ...options.env } });
}

async function download(packageName: string, version: string, folder: string): Promise<void> {
  const fetched = await run("apt-get", ["download", packageName], { cwd: folder }).then(() => true, () => false);
  if (!fetched) {
    await (process.getuid?.() === 0 ? run("apt-get", ["update"], { cwd: folder }) : run("sudo", ["-n", "apt-get", "update"], { cwd: folder }));
    await run("apt-get", ["download", packageName], { cwd: folder });
  }
  const archive = (await readdir(folder)).find((file) => file.endsWith(".deb"));
  // An epoch, `1:` before the version, is no part of what upstream calls it.
  const name = basename(archive ?? "").replace(/_\d+%3a/, "_");
  if (archive === undefined || ![".", "+"].some((after) => name.startsWith(`${packageName}_${version}${after}`))) {
    throw new Error(`the tests need ${packageName} ${version}, and this Debian has ${archive ?? "none"}`);
  }
  await run("dpkg", ["-x", archive, "."], { cwd: folder });
}

interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when the command has succeeded; otherwise throws with the end of what it wrote. */
function run(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
    let written = "";
    const keep = (chunk: Buffer): void => {
      written = (written + chunk.toString("utf8")).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => reject(new Error(`${command} does not start; it is needed to make the foreign programs`, { cause: error })));
    child.once("close", (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${command} ${args.join(" ")} ended with status ${status}:\n${written}`));
    });
  });
}

if (import.meta.main) await makeAll();
