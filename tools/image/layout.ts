// OCI layouts (image specification, image-layout.md). Each has one entry: crane pushes no other, and a loader need not choose.
import { hexOf } from "../../src/image/digest.ts";
import { OCI_INDEX } from "../../src/image/media-type.ts";
import type { Blob, Descriptor } from "./blob.ts";
import { file, type Tree } from "./tree.ts";

export interface Layout {
  /** What the layout is of. */
  readonly entry: Descriptor;
  /** The entry, and everything that it names, to the last layer. */
  readonly blobs: readonly Blob[];
}

/** The layout's files. */
export function layoutTree({ entry, blobs }: Layout): Tree {
  return new Map([
    ["oci-layout", file(JSON.stringify({ imageLayoutVersion: "1.0.0" }))],
    ["index.json", file(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] }))],
    ...blobs.map(({ descriptor, bytes }) => [`blobs/sha256/${hexOf(descriptor.digest)}`, file(bytes)] as const),
  ]);
}
