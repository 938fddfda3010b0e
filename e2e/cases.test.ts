// Every case of e2e/cases, on one cluster with all registries.
import t, { type Test } from "tap";
import { type Case, type CaseResult, expected, readCases, run } from "./harness/cases.ts";
import { REGISTRY_NAMES } from "./harness/registries.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

/** Cases that are put at the same time; each has a namespace of its own. */
const AT_ONCE = 4;

const cases = readCases();
t.plan(PLANS.cases);

const world = await startWorld({
  registries: REGISTRY_NAMES,
  settings: (registries) => ({
    signed: { repositories: registries.map(({ host }) => `${host}/*`) },
    exemptions: { images: registries.map(({ host }) => `${host}/exempt/**`) },
  }),
});
t.teardown(() => world.stop());

const waiting = [...cases];
const results = new Map<Case, CaseResult | Error>();
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      results.set(each, await run(each, world).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))));
    }
  }),
);

for (const each of cases) {
  t.test(each.name, async (t) => {
    const result = results.get(each);
    if (result === undefined || result instanceof Error) throw result ?? new Error("it was not put");
    compare(t, each, result);
  });
}

function compare(t: Test, each: Case, { status, stderr, audit }: CaseResult): void {
  const { outcome, says = [], neverSays = [], warns = [], audit: annotations = {} } = expected(each, world);
  const lines = stderr.split("\n");
  const warnings = lines.filter((line) => line.startsWith("Warning:")).join("\n");
  const answer = lines.filter((line) => !line.startsWith("Warning:")).join("\n");
  t.equal(outcomeOf(status, stderr), outcome, stderr);
  for (const words of says) has(t, answer, words);
  for (const words of warns) has(t, warnings, words);
  if (warns.length === 0) t.equal(warnings, "", "there is no warning");
  for (const words of neverSays) t.notOk(stderr.includes(words), `does not say ${words}`);
  for (const [key, words] of Object.entries(annotations)) {
    if (words === null) t.equal(audit[key], undefined, `the audit log has no ${key}`);
    else has(t, audit[key] ?? "", words);
  }
}

function has(t: Test, text: string, words: string): void {
  t.ok(text.includes(words), `says ${words}`, { text, words });
}

function outcomeOf(status: number | null, stderr: string): string {
  if (status === 0) return "admitted";
  if (stderr.includes("denied the request")) return "refused";
  return /\(Invalid\)|is invalid/.test(stderr) ? "invalid" : `status ${status}`;
}
