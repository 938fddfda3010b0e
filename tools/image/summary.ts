// What a person is told of the image that was made.
import { VERSION } from "../../src/version.ts";
import type { PlatformImage } from "./image.ts";
import { platformName } from "./platform.ts";
import type { Release } from "./release.ts";
import { timeText } from "./source.ts";

const REPOSITORY = "registry.example.com/pratique";

/** `folder` is where the release was written. */
export function summary({ source, images, index, sboms }: Release, folder: string): string {
  return [
    "",
    `pratique ${VERSION}, commit ${source.revision ?? "unknown"} of ${timeText(source.created)}`,
    `  index        ${index.entry.digest}`,
    ...images.map((image) => `  ${platformName(image.platform)}  ${image.manifest.digest}  ${megabytes(image)} MB compressed`),
    "",
    "Push it, and what is in it as its referrers:",
    `  crane push ${folder}/oci ${REPOSITORY}:${VERSION}`,
    ...sboms.map(({ architecture, layout }) => `  crane push ${folder}/sbom-${architecture} ${REPOSITORY}@${layout.entry.digest}`),
    "",
    `The same with skopeo: skopeo copy --all oci:${folder}/oci:${VERSION} docker://${REPOSITORY}:${VERSION}`,
  ].join("\n");
}

function megabytes({ blobs }: PlatformImage): string {
  return (blobs.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6).toFixed(1);
}
