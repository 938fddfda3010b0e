// One minute of mixed load on a world that moves (`npm run soak` goes on for as long as it is told).
import t from "tap";
import { PLANS } from "./plans.ts";
import { faultsOf, figures } from "./soak/report.ts";
import { soak } from "./soak/soak.ts";

t.plan(PLANS.soak);

t.test("a minute of moving tags, new signatures, relabelled namespaces and restarts: every answer is explained", async (t) => {
  const report = await soak({ minutes: 1, seed: 1, progress: () => undefined });
  for (const line of figures(report)) t.comment(line);
  t.strictSame(faultsOf(report).slice(0, 10), []);
});
