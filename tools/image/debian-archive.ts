// Where pinned Debian packages are fetched from: the mirror that apt is configured with, Debian's own, and Debian's memory.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { messageOf } from "../../src/errors.ts";
import { CommandError, run } from "./command.ts";
import { type Pin, SNAPSHOT } from "./pins.ts";

// apt knows through which proxy to ask.
const APT_HELPER = "/usr/lib/apt/apt-helper";

/** Fetches the package into the folder; its path. */
export async function fetchPackage(pin: Pin, folder: string): Promise<string> {
  const target = join(folder, basename(pin.path));
  const failures: string[] = [];
  for (const url of await placesOf(pin)) {
    try {
      await download(url, target);
      return target;
    } catch (error) {
      failures.push(`  ${url}: ${reasonOf(error)}`);
    }
  }
  throw new Error(unavailable(pin, failures));
}

async function placesOf({ archive, path }: Pin): Promise<readonly string[]> {
  const mirrors = (await aptSites()).filter((site) => site.endsWith(`/${archive}`));
  const places = [...mirrors, `http://deb.debian.org/${archive}`, `https://snapshot.debian.org/archive/${archive}/${SNAPSHOT}`];
  return [...new Set(places)].map((place) => `${place}/${path.split("/").map(encodeURIComponent).join("/")}`);
}

// None on a machine without apt.
async function aptSites(): Promise<readonly string[]> {
  if (!existsSync(APT_HELPER)) return [];
  const sites = await run("apt-get", ["indextargets", "--format", "$(SITE)", "Origin: Debian"]);
  return sites.toString("utf8").split("\n").filter((site) => site !== "");
}

async function download(url: string, target: string): Promise<void> {
  if (existsSync(APT_HELPER)) {
    await run(APT_HELPER, ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download-file", url, target]);
    return;
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`status ${response.status}`);
  await writeFile(target, Buffer.from(await response.arrayBuffer()));
}

// apt says at length that it failed, and then why.
function reasonOf(error: unknown): string {
  if (!(error instanceof CommandError)) return messageOf(error);
  return (error.stderr.split("\n")[0] ?? "").replace(/^E: Failed to fetch \S+\s+/, "");
}

function unavailable(pin: Pin, failures: readonly string[]): string {
  return [
    `${pin.name} ${pin.version} for ${pin.architecture}, which tools/image/debian-pins.json pins, cannot be had:`,
    ...failures,
    "When Debian has replaced it by a newer version, pin that: run `npm run image:pins`, and commit what it writes.",
  ].join("\n");
}
