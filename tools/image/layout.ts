// OCI layouts (image specification, image-layout.md). Each has one entry: crane pushes no other, and a loader need not choose.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hexOf } from "../../src/image/digest.ts";
import { OCI_INDEX } from "../../src/image/media-type.ts";
import type { Blob, Descriptor } from "./blob.ts";
import { writeFolder } from "./folder.ts";
import { file, type Tree } from "./tree.ts";

export interface Layout {
  /** What the layout is of. */
  readonly entry: Descriptor;
  /** The entry, and everything that it names, to the last layer. */
  readonly blobs: readonly Blob[];
}

/** The file by which a folder is known to be a layout. */
const MARK = "oci-layout";

/** The layout's files. */
export function layoutTree({ entry, blobs }: Layout): Tree {
  return new Map([
    [MARK, file(JSON.stringify({ imageLayoutVersion: "1.0.0" }))],
    ["index.json", file(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] }))],
    ...blobs.map(({ descriptor, bytes }) => [`blobs/sha256/${hexOf(descriptor.digest)}`, file(bytes)] as const),
  ]);
}

/** Writes the layout in the place of an older one. */
export async function writeLayout(folder: string, layout: Layout): Promise<void> {
  if (existsSync(join(folder, MARK))) await rm(folder, { recursive: true });
  await writeFolder(folder, layoutTree(layout));
}
