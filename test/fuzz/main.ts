// Goes on until somebody stops it, or until it has found something: `npm run fuzz`, or `npm run fuzz -- reviews`.
import * as fc from "fast-check";
import { FUZZERS } from "./properties.ts";

const ROUND = 10_000;
const names = process.argv.slice(2);
const chosen = FUZZERS.filter(({ name }) => names.length === 0 || names.includes(name));
if (chosen.length === 0) throw new Error(`there are ${FUZZERS.map(({ name }) => name).join(", ")}`);

for (let round = 1; ; round += 1) {
  for (const { name, property } of chosen) {
    // Throws with seed, path and the smallest input that it found.
    await fc.assert(property, { numRuns: ROUND, interruptAfterTimeLimit: 60_000 });
    console.log(`round ${round}: ${name}`);
  }
}
