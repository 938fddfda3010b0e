// `npm run soak -- --minutes N [--seed S]`
import { parseArgs } from "node:util";
import { faultsOf, figures } from "./report.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: "1" } } });
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write("soak: --minutes takes a number above 0, --seed a whole number\n");
  process.exit(2);
}
process.stdout.write(`${minutes} minutes of mixed load, seed ${seed}\n`);
const report = await soak({
  minutes,
  seed,
  progress: ({ seconds, answers, resident }) => process.stdout.write(`  ${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, "0")}  ${answers.toLocaleString("en").padStart(9)} answers  ${Math.round(resident)} MiB\n`),
});
process.stdout.write(`\n${figures(report).map((line) => `  ${line}\n`).join("")}`);
const faults = faultsOf(report);
for (const fault of faults.slice(0, 20)) process.stderr.write(`soak: ${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
