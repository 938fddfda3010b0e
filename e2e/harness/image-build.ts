// The image as `npm run image` makes it, and the checkout once more in another place.
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { execute, succeed } from "./process.ts";
import { CHECKOUT } from "./pratique.ts";

/** Runs `npm run image` of a checkout; what it says. `surroundings` are shell commands that come before. */
export async function build(checkout: string, output: string, surroundings = ":"): Promise<string> {
  const script = `${surroundings}; exec "$0" "$@"`;
  const args = ["-c", script, process.execPath, join(checkout, "tools/image.ts"), "--output", output];
  return succeed("sh", args, { cwd: checkout, env: process.env as Readonly<Record<string, string>> });
}

/** Writes the files of the image for this machine as the build stage of the Dockerfile does, in a folder with what that copies. */
export async function layOut(rootfs: string, stage: string): Promise<void> {
  const dockerfile = await readFile(join(CHECKOUT, "deploy/Dockerfile"), "utf8");
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
  for (const source of copied) await cp(join(CHECKOUT, source), join(stage, source), { recursive: true });
  await linkModules(stage);
  await succeed(process.execPath, [join(stage, "tools/image.ts"), "--rootfs", rootfs], { cwd: stage, env: process.env as Readonly<Record<string, string>> });
}

/** Copies the checkout as it is, with its history and what was installed. */
export async function copyCheckout(target: string): Promise<void> {
  const files = await succeed("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: CHECKOUT });
  for (const file of files.split("\0").filter((file) => file !== "")) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await cp(join(CHECKOUT, file), join(target, file));
  }
  await cp(join(CHECKOUT, ".git"), join(target, ".git"), { recursive: true });
  await linkModules(target);
}

/** As links where the file system can: there is half a gigabyte of it. */
async function linkModules(target: string): Promise<void> {
  const modules = [join(CHECKOUT, "node_modules"), join(target, "node_modules")];
  const { status } = await execute("cp", ["-alT", ...modules]);
  if (status !== 0) await succeed("cp", ["-aT", ...modules]);
}

/** The files below a folder with their contents, by their paths. */
export async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return new Map(await Promise.all(files.map(async (file) => [relative(folder, file), await readFile(file)] as const)));
}
