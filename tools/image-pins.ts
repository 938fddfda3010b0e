// Pins the newest Debian packages for the image: `npm run image:pins`. apt itself looks them up, with lists of its own beside the
// machine's, so that Debian's signatures are checked and the machine's Debian is left as it is.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./build.ts";
import { run } from "./image/command.ts";
import { PACKAGES } from "./image/debian.ts";
import { type Pin, SUITE } from "./image/pins.ts";
import { PLATFORMS } from "./image/platform.ts";

const FILE = "tools/image/debian-pins.json";
const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
const ARCHITECTURES = PLATFORMS.map(({ architecture }) => architecture);

/** The pin that a line of `apt-get download --print-uris` tells of; undefined for a line that is none. */
export function pinOf(line: string): Pin | undefined {
  const { archive, path, name, version, architecture, sha256 } =
    /^'\S+\/(?<archive>[\w-]+)\/(?<path>pool\/\S+)' (?<name>[^_ ]+)_(?<version>[^_ ]+)_(?<architecture>[a-z0-9]+)\.deb \d+ SHA256:(?<sha256>[0-9a-f]{64})$/.exec(line)?.groups ?? {};
  if (archive === undefined || path === undefined || name === undefined || version === undefined || architecture === undefined || sha256 === undefined) return undefined;
  return { name, version: decodeURIComponent(version), architecture, archive, path: decodeURIComponent(path), sha256 };
}

async function newest(folder: string): Promise<readonly Pin[]> {
  const apt = await privateApt(folder);
  await apt("update");
  const packages = ARCHITECTURES.flatMap((architecture) => PACKAGES.map((name) => `${name}:${architecture}`));
  const pins = (await apt("download", "--print-uris", ...packages)).split("\n").flatMap((line) => pinOf(line) ?? []);
  const missing = packages.filter((name) => !pins.some((pin) => `${pin.name}:${pin.architecture}` === name));
  if (missing.length > 0) throw new Error(`apt does not find ${missing.join(", ")} in Debian's ${SUITE}`);
  return pins.sort((one, other) => order(one).localeCompare(order(other), "en"));
}

function order({ architecture, name }: Pin): string {
  return `${architecture} ${name}`;
}

async function privateApt(folder: string): Promise<(...args: readonly string[]) => Promise<string>> {
  for (const name of ["lists/partial", "cache/archives/partial"]) await mkdir(join(folder, name), { recursive: true });
  const sources = join(folder, "debian.sources");
  const source = (archive: string, suites: string): string =>
    [`Types: deb`, `URIs: http://deb.debian.org/${archive}`, `Suites: ${suites}`, `Components: main`, `Signed-By: ${KEYS}`, ""].join("\n");
  await writeFile(sources, [source("debian", `${SUITE} ${SUITE}-updates`), source("debian-security", `${SUITE}-security`)].join("\n"));
  await writeFile(join(folder, "status"), "");
  const settings = [
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::Cache=${join(folder, "cache")}`,
    `Dir::Etc::SourceList=${sources}`,
    "Dir::Etc::SourceParts=/dev/null",
    "APT::Sandbox::User=root",
    ...ARCHITECTURES.map((architecture) => `APT::Architectures::=${architecture}`),
  ].flatMap((setting) => ["-o", setting]);
  return async (...args) => (await run("apt-get", [...args, ...settings])).toString("utf8");
}

function snapshotOf(now: Date): string {
  return now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), "pratique-pins-"));
  try {
    console.log(`asking apt for Debian's ${SUITE} (some 25 MB of package lists)`);
    const packages = await newest(folder);
    await writeFile(join(ROOT, FILE), `${JSON.stringify({ snapshot: snapshotOf(new Date()), packages }, undefined, 2)}\n`);
    for (const { name, version, architecture } of packages) console.log(`${architecture.padEnd(6)} ${name.padEnd(12)} ${version}`);
    console.log(`wrote ${FILE}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
