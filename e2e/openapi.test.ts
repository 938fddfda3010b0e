// Whether the Pod's spec that our tests generate workloads from is the one that the API server has. After a new version:
//   node e2e/record-pod-schema.ts
import t from "tap";
import { startCluster } from "./harness/cluster.ts";
import { podSchemaOf, recorded } from "./harness/pod-schema.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.openapi);

const cluster = await startCluster();
t.teardown(() => cluster.stop());

t.test("the recorded Pod's spec is the server's, field by field", async (t) => {
  t.same(await recorded(), await podSchemaOf(cluster));
});
