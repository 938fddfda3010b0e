import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { FUZZERS } from "./fuzz/properties.ts";

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/threats.md", root), "utf8");

/** Names that a test file makes out of data, and so does not hold as they are. */
const MADE: Readonly<Record<string, readonly string[]>> = { "test/fuzz/fuzz.test.ts": FUZZERS.map(({ name }) => `fuzzed ${name}`) };

t.test("every test that docs/threats.md names is there", async (t) => {
  const named = [...page.matchAll(/`([^`]+\.test\.ts)` › "([^"]+)"/g)];
  t.ok(named.length > 50);
  for (const [, file = "", name = ""] of named) {
    const isThere = existsSync(new URL(file, root)) && (MADE[file]?.includes(name) === true || readFileSync(new URL(file, root), "utf8").includes(`"${name}"`));
    t.ok(isThere, `${file} › ${name}`);
  }
});

t.test("every end-to-end case that docs/threats.md names is there", async (t) => {
  for (const [, folder = ""] of page.matchAll(/`(e2e\/cases\/[^`]+)`/g)) t.ok(existsSync(new URL(folder, root)), folder);
});

t.test("each threat of docs/threats.md has a test, or is somebody whom we trust", async (t) => {
  const rows = page.split("\n").filter((line) => /^\| (?!---|practice|threat|finding|attack|# )/.test(line));
  for (const row of rows) t.match(row, /\.test\.ts` › "|`e2e\/cases\/|is trusted \| \|$/, row.slice(0, 60));
});
