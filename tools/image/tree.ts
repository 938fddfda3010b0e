// A part of a root filesystem, in memory. What an archive or a folder says of owners, times and permissions is not kept: files
// belong to root, everybody may read them, and nobody may write them.
import { once } from "node:events";
import { Parser, type ReadEntry } from "tar";

export type Entry =
  | { readonly kind: "file"; readonly bytes: Buffer; readonly isExecutable: boolean }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "folder" };

/** Entries by their paths, which begin with no slash and end with none. Folders on the way to an entry need no entry of their own. */
export type Tree = ReadonlyMap<string, Entry>;

export function file(content: string | Buffer): Entry {
  return { kind: "file", bytes: Buffer.from(content), isExecutable: false };
}

export function executable(content: string | Buffer): Entry {
  return { kind: "file", bytes: Buffer.from(content), isExecutable: true };
}

export const FOLDER: Entry = { kind: "folder" };

/** All of these; throws where two of them have the same path with other content. */
export function merged(trees: readonly Tree[]): Tree {
  const all = new Map<string, Entry>();
  for (const [path, entry] of trees.flatMap((tree) => [...tree])) {
    const other = all.get(path);
    if (other !== undefined && !isSame(other, entry)) throw new Error(`two parts of the image have another /${path}`);
    all.set(path, entry);
  }
  return all;
}

function isSame(one: Entry, other: Entry): boolean {
  if (one.kind === "file" && other.kind === "file") return one.bytes.equals(other.bytes);
  return one.kind === "link" && other.kind === "link" ? one.target === other.target : one.kind === other.kind;
}

/** All entries, each after the folders on its way, which become entries too. */
export function sorted(tree: Tree): readonly (readonly [string, Entry])[] {
  const folders = [...tree.keys()].flatMap(foldersAbove).map((folder) => [folder, FOLDER] as const);
  return [...new Map([...folders, ...tree])].sort(([one], [other]) => (one < other ? -1 : 1));
}

function foldersAbove(path: string): readonly string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join("/"));
}

/** The files and links of a tar archive, compressed by gzip or not, whose paths are wanted. */
export async function readArchive(archive: Buffer, isWanted: (path: string) => boolean): Promise<Tree> {
  const reading: Promise<readonly [string, Entry]>[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const path = entry.path.replace(/^\.?\//, "").replace(/\/$/, "");
      if (entry.type !== "Directory" && isWanted(path)) reading.push(read(entry).then((read) => [path, read]));
      else entry.resume();
    },
  });
  const end = once(parser, "end");
  parser.end(archive);
  await end;
  return new Map(await Promise.all(reading));
}

async function read(entry: ReadEntry): Promise<Entry> {
  const bytes = await entry.concat();
  switch (entry.type) {
    case "File":
    case "OldFile":
      return { kind: "file", bytes, isExecutable: ((entry.mode ?? 0) & 0o111) !== 0 };
    case "SymbolicLink":
      return { kind: "link", target: entry.linkpath ?? "" };
    default:
      throw new Error(`${entry.path} is a ${entry.type}, which no part of the image should be`);
  }
}
