import { readFileSync } from "node:fs";
import t from "tap";
import {
  EXEMPT_REASONS,
  METRIC_REASONS,
  REFUSED_REASONS,
  TRUSTED_REASONS,
  UNDETERMINED_REASONS,
  UNTRUSTED_REASONS,
} from "../src/verdict/reason.ts";

const page = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");

/** The words of each section's table: what stands in code type in the first column. */
function firstColumns(markdown: string): ReadonlyMap<string, readonly string[]> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => [
      section.split("\n", 1)[0] ?? "",
      section.split("\n").flatMap((line) => {
        const words = /^\| ([^|]+) \|/.exec(line)?.[1]?.match(/`([^`]+)`/g) ?? [];
        return words.map((word) => word.slice(1, -1));
      }),
    ]),
  );
}

t.test("docs/reasons.md lists the reasons of the code, each under its kind, and no other", async (t) => {
  const listed = firstColumns(page("reasons.md"));
  t.same(listed.get("Trusted"), TRUSTED_REASONS);
  t.same(listed.get("Exempt"), EXEMPT_REASONS);
  t.same(listed.get("Untrusted"), UNTRUSTED_REASONS);
  t.same(listed.get("Undetermined"), UNDETERMINED_REASONS);
  t.same(listed.get("Refused before any image was judged"), REFUSED_REASONS);
  t.same(listed.get("In the metric alone"), METRIC_REASONS);
  t.equal(listed.size, 6);
});
