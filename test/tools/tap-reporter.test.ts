import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import t from "tap";
import TapReporter from "../../tools/tap-reporter.ts";

async function report(...lines: readonly string[]): Promise<readonly string[]> {
  const reporter = new TapReporter();
  reporter.end(lines.map((line) => `${line}\n`).join(""));
  return stripVTControlCharacters(await text(reporter)).split("\n").filter((line) => line !== "");
}

t.test("what passes is counted", async (t) => {
  const lines = await report("# Subtest: a.test.ts", "    # Subtest: inner", "        ok 1 - one", "        ok 2 - two", "    ok 1 - inner # time=3ms", "ok 1 - a.test.ts # time=9ms");
  t.same(lines, ["✓ a.test.ts time=9ms", "2 passed, 0 failed"]);
});

t.test("what fails is shown where it happened, and once more at the end", async (t) => {
  const lines = await report("# Subtest: a.test.ts", "    # Subtest: inner", "        not ok 1 - it answers", "          ---", "          diff: 1", "          ...", "    not ok 1 - inner # time=3ms", "not ok 1 - a.test.ts # time=9ms");
  t.match(lines.join("\n"), "diff: 1");
  t.same(lines.slice(-4), ["Failed:", "  a.test.ts › inner › not ok 1 - it answers", "  not ok 1 - a.test.ts # time=9ms", "0 passed, 2 failed"]);
});

t.test("an error whose words end as a block begins is a failure", async (t) => {
  const lines = await report("# Subtest: a.test.ts", "    not ok 1 - it answered {", "not ok 1 - a.test.ts # time=9ms");
  t.ok(lines.includes("  a.test.ts › not ok 1 - it answered {"), lines.join("\n"));
  t.equal(lines.at(-1), "0 passed, 2 failed");
});

t.test("only so much is said again", async (t) => {
  const many = Array.from({ length: 25 }, (_, i) => `    not ok ${i + 1} - ${"x".repeat(5000)}`);
  const lines = await report("# Subtest: a.test.ts", ...many);
  const again = lines.slice(lines.indexOf("Failed:"));
  t.equal(again.length, 23);
  t.equal(again.at(-2), "  and 5 more");
  t.ok(again.every((line) => line.length < 2100));
});
