import * as fc from "fast-check";
import t from "tap";
import { fieldPaths, namesAnImage, recordedPodSchema } from "../helpers/pod-schema.ts";
import { FUZZERS } from "./properties.ts";

/** The same inputs in every run; on a slow machine fewer of them. `npm run fuzz` goes on with others. */
const RUN = { seed: 20_261_125, numRuns: 2000, interruptAfterTimeLimit: 3000, markInterruptAsFailure: false } as const;
/** So few that any machine gets there: less would show nothing. */
const FEWEST = 20;

for (const { name, property } of FUZZERS) {
  t.test(`fuzzed ${name}`, async (t) => {
    const { failed, numRuns, counterexample, errorInstance } = await fc.check(property, RUN);
    t.notOk(failed, errorInstance instanceof Error ? `${errorInstance.message} at ${fc.stringify(counterexample)}` : name);
    t.ok(numRuns > FEWEST, `${numRuns} inputs`);
  });
}

t.test("the fields of a Pod's spec that name an image, by the API server's own description", async (t) => {
  // A new one has to be visited by `visitImages` before it stands here.
  t.same(fieldPaths(recordedPodSchema()).filter(namesAnImage), [
    ".containers[].image",
    ".ephemeralContainers[].image",
    ".initContainers[].image",
    ".volumes[].image.reference",
  ]);
});
