import { readFile } from "node:fs/promises";

/** What the image tells Node, by its entry point: whatever is measured or watched runs as it is shipped. */
export async function imageFlags(): Promise<readonly string[]> {
  const dockerfile = await readFile(new URL("../../deploy/Dockerfile", import.meta.url), "utf8");
  const words = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? "[]";
  return (JSON.parse(words) as readonly string[]).filter((word) => word.startsWith("--"));
}
