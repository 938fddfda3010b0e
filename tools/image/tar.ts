// Tar archives whose bytes depend on nothing but their content: entries are sorted, and have one owner and one time.
import { Header } from "tar";
import { type Entry, sorted, type Tree } from "./tree.ts";

const BLOCK = 512;
// The beginning of time, so that a layer whose content stays the same stays the same in the next release.
const MODIFIED = new Date(0);

export function tarArchive(tree: Tree): Buffer {
  // Two blocks of zeros end an archive.
  return Buffer.concat([...sorted(tree).flatMap(([path, entry]) => blocksOf(path, entry)), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf(path: string, entry: Entry): readonly Buffer[] {
  switch (entry.kind) {
    case "file":
      return [header({ path, type: "File", mode: entry.isExecutable ? 0o755 : 0o644, size: entry.bytes.length }), entry.bytes, padding(entry.bytes.length)];
    case "link":
      return [header({ path, type: "SymbolicLink", mode: 0o777, size: 0, linkpath: entry.target })];
    case "folder":
      return [header({ path: `${path}/`, type: "Directory", mode: 0o755, size: 0 })];
  }
}

interface Fields {
  readonly path: string;
  readonly type: "File" | "SymbolicLink" | "Directory";
  readonly mode: number;
  readonly size: number;
  readonly linkpath?: string;
}

function header(fields: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  const isIncomplete = new Header({ ...fields, uid: 0, gid: 0, mtime: MODIFIED }).encode(block);
  if (isIncomplete) throw new Error(`/${fields.path} does not fit into a plain tar header`);
  return block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
