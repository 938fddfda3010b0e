// Makes the image without a container engine: `npm run image`. docs/image.md says what comes of it.
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../src/errors.ts";
import { VERSION } from "../src/version.ts";
import { ROOT } from "./build.ts";
import { contentsFor, fetchAll, rootfs } from "./image/contents.ts";
import { writeFolder } from "./image/folder.ts";
import { layoutTree, writeLayout } from "./image/layout.ts";
import { platformName, platformNamed, PLATFORMS } from "./image/platform.ts";
import { makeRelease, type Release } from "./image/release.ts";
import { summary } from "./image/summary.ts";
import { tarArchive } from "./image/tar.ts";

const HELP = `Makes the image of Pratique, for ${PLATFORMS.map(platformName).join(" and ")}.

  npm run image                       writes an OCI layout, and SBOMs, into dist/image
  npm run image -- --output FOLDER    the same into another folder
  npm run image -- --tar              the layout as one file besides, for \`skopeo\` and \`podman load\`
  npm run image -- --rootfs FOLDER [--platform ${platformName(ownPlatform())}]
                                      nothing but the files in the image, for deploy/Dockerfile
  npm run image -- --fetch            fetches what the image is made of, and makes nothing`;

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  output: { type: "string", default: join(ROOT, "dist/image") },
  tar: { type: "boolean", default: false },
  rootfs: { type: "string" },
  fetch: { type: "boolean", default: false },
  platform: { type: "string", default: platformName(ownPlatform()) },
} as const;

async function main(): Promise<void> {
  const values = options();
  if (values.help) return console.log(HELP);
  if (values.rootfs !== undefined) return writeFolder(resolve(values.rootfs), rootfs(await contentsFor(platformNamed(values.platform), announce)));
  if (values.fetch) return fetchAll(announce);
  const output = resolve(values.output);
  const release = await makeRelease(announce);
  await writeRelease(output, release);
  if (values.tar) await writeFile(join(output, `pratique-${VERSION}.tar`), tarArchive(layoutTree(release.index)));
  console.log(summary(release, relative(process.cwd(), output) || "."));
}

function options() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Error(`${messageOf(error)} (\`npm run image -- --help\` says what there is)`, { cause: error });
  }
}

async function writeRelease(output: string, { index, sboms }: Release): Promise<void> {
  await mkdir(output, { recursive: true });
  await writeLayout(join(output, "oci"), index);
  for (const { architecture, file, bytes, layout } of sboms) {
    await writeFile(join(output, file), bytes);
    await writeLayout(join(output, `sbom-${architecture}`), layout);
  }
}

function announce(what: string): void {
  console.log(`image: ${what}`);
}

function ownPlatform() {
  return process.arch === "arm64" ? PLATFORMS[1] : PLATFORMS[0];
}

await main().catch((error: unknown) => {
  console.error(`image: ${messageOf(error)}`);
  process.exitCode = 1;
});
