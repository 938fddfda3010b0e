import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Entry, Tree } from "./tree.ts";

/** Writes a tree in the place of whatever was there. What it writes belongs to whoever runs this. */
export async function writeFolder(folder: string, tree: Tree): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [path, entry] of tree) await writeEntry(join(folder, path), entry);
}

async function writeEntry(path: string, entry: Entry): Promise<void> {
  await mkdir(entry.kind === "folder" ? path : dirname(path), { recursive: true });
  switch (entry.kind) {
    case "file":
      await writeFile(path, entry.bytes);
      // Apart, since the umask has a say in the mode of a new file.
      return chmod(path, entry.isExecutable ? 0o755 : 0o644);
    case "link":
      return symlink(entry.target, path);
    case "folder":
      return undefined;
  }
}
