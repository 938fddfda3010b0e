import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";

const cache = t.testdir();
process.env["PRATIQUE_IMAGE_CACHE"] = cache;
const { pinnedFile } = await import("../../../tools/image/cache.ts");

const sha256 = createHash("sha256").update("content").digest("hex");
const PINNED = { file: "part.tgz", algorithm: "sha256", hash: sha256 } as const;

function fetching(content: string, fetched: string[]) {
  return async (folder: string): Promise<string> => {
    fetched.push(content);
    await writeFile(join(folder, "part.tgz"), content);
    return join(folder, "part.tgz");
  };
}

t.test("a pinned file is fetched once, and never is another", async (t) => {
  const fetched: string[] = [];
  const told: string[] = [];
  const announce = (what: string): void => void told.push(what);
  await t.rejects(pinnedFile(PINNED, fetching("another", fetched), announce), /part\.tgz is not what is pinned/);
  t.strictSame(await readdir(cache), [], "what was not pinned is not kept");
  const place = await pinnedFile(PINNED, fetching("content", fetched), announce);
  t.equal(await pinnedFile(PINNED, fetching("content", fetched), announce), place);
  t.strictSame(fetched, ["another", "content"]);
  t.strictSame(told, ["fetching part.tgz", "fetching part.tgz"]);
  await writeFile(place, "spoilt");
  await pinnedFile(PINNED, fetching("content", fetched), announce);
  t.equal(await readFile(place, "utf8"), "content", "what was spoilt in the cache is fetched again");
});
