import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { PLANS } from "./plans.ts";

const CASES = 423;

t.plan(PLANS.plans);

t.test("every test file plans its cases, and none of them is left out", (t) => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts"));
  t.strictSame(files.map((file) => file.replace(".test.ts", "")).sort(), Object.keys(PLANS).sort());
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    t.ok(text.includes(`t.plan(${planOf(file.replace(".test.ts", ""))});`), `${file} has a plan`);
    t.notMatch(text, /\bskip:|\btodo:|\.skip\(|\.todo\(|(?<!\.)\.only\(/, `${file} leaves nothing out`);
  }
  t.end();
});

function planOf(name: string): string {
  return name.includes("-") ? `PLANS["${name}"]` : `PLANS.${name}`;
}

t.test("the number of end-to-end cases", (t) => {
  t.equal(Object.values(PLANS).reduce((sum, cases) => sum + cases, 0), CASES);
  t.end();
});
