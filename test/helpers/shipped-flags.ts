import { readFile } from "node:fs/promises";
import { NODE_FLAGS } from "../../tools/image/container.ts";

/**
 * How Node runs in the shipped container, for whatever measures or watches memory on a larger machine: what the image's
 * entry point tells it, and the heap that it gives itself there, which is half of the container's limit.
 */
export async function shippedFlags(): Promise<readonly string[]> {
  const limit = Number(/^ +limits:\n(?: +.*\n)*? +memory: (\d+)Mi$/m.exec(await readFile(new URL("../../charts/pratique/values.yaml", import.meta.url), "utf8"))?.[1]);
  if (Number.isNaN(limit)) throw new Error("the chart's memory limit is written otherwise");
  return [...NODE_FLAGS, `--max-old-space-size=${limit / 2}`];
}
