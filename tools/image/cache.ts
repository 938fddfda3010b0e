// What is fetched once, and kept outside the checkout by what it must be: npm's and Debian's archives.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const CACHE = process.env["PRATIQUE_IMAGE_CACHE"] ?? join(homedir(), ".cache", "pratique-image");

/** A file that is pinned by its hash. */
export interface Pinned {
  /** The name that it has where it comes from. */
  readonly file: string;
  readonly algorithm: "sha256" | "sha512";
  /** In hex. */
  readonly hash: string;
}

/** Fetches into a folder of its own, and returns the path of the file. */
export type Fetch = (folder: string) => Promise<string>;

/** Is told what is done that may take a while. */
export type Announce = (what: string) => void;

/** The path of the file, in the cache or else fetched into it. It is hashed each time: whatever was kept, it is what was pinned. */
export async function pinnedFile(pinned: Pinned, fetch: Fetch, announce: Announce): Promise<string> {
  const place = join(CACHE, `${pinned.hash.slice(0, 16)}-${pinned.file}`);
  const kept = await readFile(place).catch(() => undefined);
  if (kept !== undefined && hashOf(pinned, kept) === pinned.hash) return place;
  announce(`fetching ${pinned.file}`);
  await mkdir(CACHE, { recursive: true });
  const workshop = await mkdtemp(join(CACHE, ".fetching-"));
  try {
    const path = await fetch(workshop);
    const hash = hashOf(pinned, await readFile(path));
    if (hash !== pinned.hash) throw new Error(`${pinned.file} is not what is pinned: its ${pinned.algorithm} is ${hash}, not ${pinned.hash}`);
    // Moved into place whole: two builds may fetch at the same time.
    await rename(path, place);
    return place;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

function hashOf({ algorithm }: Pinned, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
