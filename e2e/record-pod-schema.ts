import { startCluster } from "./harness/cluster.ts";
import { podSchemaOf, record } from "./harness/pod-schema.ts";

const cluster = await startCluster();
try {
  await record(await podSchemaOf(cluster));
} finally {
  await cluster.stop();
}
