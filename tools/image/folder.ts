import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Entry, sorted, type Tree } from "./tree.ts";

/** Writes a tree into a folder that is empty or not there yet. What it writes belongs to whoever runs this. */
export async function writeFolder(folder: string, tree: Tree): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty; name a new folder`);
  for (const [path, entry] of sorted(tree)) await writeEntry(join(folder, path), entry);
}

// Modes are set apart, since the umask has a say in those of what is new.
async function writeEntry(path: string, entry: Entry): Promise<void> {
  switch (entry.kind) {
    case "file":
      await writeFile(path, entry.bytes);
      return chmod(path, entry.isExecutable ? 0o755 : 0o644);
    case "link":
      return symlink(entry.target, path);
    case "folder":
      await mkdir(path);
      return chmod(path, 0o755);
  }
}
