// An OCI layout, as whoever loads it reads it: by what the specification says, and by nothing that its maker knows.
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { type Digest, hexOf, matchesDigest } from "../../src/image/digest.ts";
import type { Descriptor } from "../../tools/image/blob.ts";
import { succeed } from "./process.ts";
import type { ImageConfig } from "./runtime-spec.ts";

export interface StoredLayout {
  readonly folder: string;
  readonly entry: Descriptor;
  readonly images: readonly StoredImage[];
  /** What is in the folder of blobs, by its names. */
  readonly blobs: readonly string[];
  /** What entry, images and their parts name. */
  readonly named: readonly Descriptor[];
}

export interface StoredImage {
  readonly architecture: string;
  readonly descriptor: Descriptor;
  readonly config: StoredConfig;
  readonly layers: readonly Descriptor[];
}

export interface StoredConfig {
  readonly os: string;
  readonly architecture: string;
  readonly created: string;
  readonly config: ImageConfig & { readonly Labels: Readonly<Record<string, string>> };
  readonly rootfs: { readonly diff_ids: readonly Digest[] };
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Reads the layout of an index. */
export async function readLayout(folder: string): Promise<StoredLayout> {
  const { manifests: entries } = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as { readonly manifests: readonly Descriptor[] };
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0) throw new Error(`${folder} has ${entries.length} entries`);
  const { manifests } = await document<{ readonly manifests: readonly Descriptor[] }>(folder, entry);
  const images = await Promise.all(manifests.map((descriptor) => readImage(folder, descriptor)));
  return {
    folder,
    entry,
    images: images.map(({ image }) => image),
    blobs: await readdir(join(folder, "blobs/sha256")),
    named: [entry, ...images.flatMap(({ named }) => named)],
  };
}

async function readImage(folder: string, descriptor: Descriptor): Promise<{ readonly image: StoredImage; readonly named: readonly Descriptor[] }> {
  const { config, layers } = await document<Manifest>(folder, descriptor);
  const image = { architecture: descriptor.platform?.architecture ?? "", descriptor, config: await document<StoredConfig>(folder, config), layers };
  return { image, named: [descriptor, config, ...layers] };
}

async function document<Document>(folder: string, descriptor: Descriptor): Promise<Document> {
  return JSON.parse((await readBlob(folder, descriptor)).toString("utf8")) as Document;
}

/** The bytes of a blob. Throws when they are not what the descriptor says. */
export async function readBlob(folder: string, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await readFile(join(folder, "blobs/sha256", hexOf(digest)));
  if (bytes.length !== size || !matchesDigest(digest, bytes)) throw new Error(`${digest} is something else, of ${bytes.length} bytes`);
  return bytes;
}

/** A file, link or folder, as a layer has it. */
export interface StoredFile {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly modified: number;
  readonly target: string | undefined;
  readonly bytes: Buffer;
}

/** Everything in the image's layers, the lowest first, and the archives that they are when they are no longer compressed. */
export async function readLayers({ folder }: StoredLayout, image: StoredImage): Promise<{ readonly files: readonly StoredFile[]; readonly archives: readonly Buffer[] }> {
  const archives = await Promise.all(image.layers.map(async (layer) => gunzipSync(await readBlob(folder, layer))));
  return { files: (await Promise.all(archives.map(filesIn))).flat(), archives };
}

async function filesIn(archive: Buffer): Promise<readonly StoredFile[]> {
  const files: Promise<StoredFile>[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      files.push(stored(entry));
    },
  });
  const end = once(parser, "end");
  parser.end(archive);
  await end;
  return Promise.all(files);
}

async function stored(entry: ReadEntry): Promise<StoredFile> {
  const { path, type, mode = 0, uid, gid, mtime, linkpath: target } = entry;
  return { path, type, mode, owner: `${uid}:${gid}`, modified: mtime?.getTime() ?? Number.NaN, target, bytes: await entry.concat() };
}

/** Lays the layers over one another, as a runtime does. */
export async function unpack({ folder }: StoredLayout, image: StoredImage, rootfs: string): Promise<void> {
  await mkdir(rootfs);
  for (const { digest } of image.layers) await succeed("tar", ["-xzf", join(folder, "blobs/sha256", hexOf(digest)), "-C", rootfs, "--same-owner", "--same-permissions"]);
}
