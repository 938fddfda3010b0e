import { readFile } from "node:fs/promises";

/**
 * How Node runs in the shipped container, for whatever measures or watches memory on a larger machine: what the image's
 * entry point tells it, and the heap that it gives itself there, which is half of the container's limit.
 */
export async function shippedFlags(): Promise<readonly string[]> {
  const words = /^ENTRYPOINT (\[.*\])$/m.exec(await read("deploy/Dockerfile"))?.[1] ?? "[]";
  const told = (JSON.parse(words) as readonly string[]).filter((word) => word.startsWith("--"));
  const limit = Number(/^ +limits:\n(?: +.*\n)*? +memory: (\d+)Mi$/m.exec(await read("charts/pratique/values.yaml"))?.[1]);
  if (told.length === 0 || Number.isNaN(limit)) throw new Error("the image's entry point or the chart's memory limit is written otherwise");
  return [...told, `--max-old-space-size=${limit / 2}`];
}

function read(file: string): Promise<string> {
  return readFile(new URL(`../../${file}`, import.meta.url), "utf8");
}
