// What takes more than one request: tags that move, Pods that are debugged, dry runs that must leave nothing.
import t, { type Test } from "tap";
import { createPod, makeNamespace } from "./harness/ask.ts";
import { until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";

const TAG_SECONDS = 1;
const SIGNED = "cosign2-simple-signing";

t.plan(PLANS.workloads);

const world = await startWorld({
  registries: ["plain"],
  images: ["unsigned", SIGNED],
  settings: () => ({ cache: { tagSeconds: TAG_SECONDS, absentSeconds: 1 } }),
});
t.teardown(() => world.stop());

const { cluster, author } = world;
const host = world.registry("plain").host;
const repository = `${host}/${SIGNED}`;
const signed = `${repository}@${world.digest(SIGNED)}`;

// The same repository holds content that nobody signed, as after a push over the tag.
await author.crane("copy", `${host}/unsigned:1`, `${repository}:unsigned`);
await makeNamespace(cluster, "shop", { enforce: "signed" });

t.test("a tag that moves is judged by its new content", async (t) => {
  await author.crane("copy", signed, `${repository}:moving`);
  admitted(t, await createPod(cluster, "shop", `${repository}:moving`));

  await author.crane("copy", `${repository}:unsigned`, `${repository}:moving`);
  const stderr = await until("the new content is refused", () => refusal(`${repository}:moving`), { seconds: TAG_SECONDS + 5 });
  t.match(stderr, `${repository}:moving (${world.digest("unsigned")}) is not signed (Unsigned)`);

  await author.crane("copy", signed, `${repository}:moving`);
  await until("the old content is admitted again", async () => ((await createPod(cluster, "shop", `${repository}:moving`)).status === 0 ? true : undefined), { seconds: TAG_SECONDS + 5 });
});

t.test("a signature that was added a moment ago counts", async (t) => {
  await author.crane("copy", `${host}/unsigned:1`, `${host}/late:1`);
  t.match(await refusal(`${host}/late:1`), "(Unsigned)");
  await author.sign(`${host}/late@${world.digest("unsigned")}`, { by: "cosign3", layout: "bundle", scope: "top" });
  await until("the signature counts", async () => ((await createPod(cluster, "shop", `${host}/late:1`)).status === 0 ? true : undefined));
});

t.test("kubectl debug: an ephemeral container is judged", async (t) => {
  admitted(t, await createPod(cluster, "shop", signed, { name: "debugged" }));
  const { status, stderr } = await debug("debugged", `${repository}:unsigned`);
  t.not(status, 0);
  t.match(stderr, `admission webhook "enforce.pratique.dev" denied the request: ephemeral container "debugger"`);
  t.match(stderr, "(Unsigned)");
  admitted(t, await debug("debugged", `${repository}:1`));
});

t.test("kubectl debug: the image that the Pod has already, under a tag that has moved", async (t) => {
  await author.crane("copy", signed, `${repository}:debugged`);
  admitted(t, await createPod(cluster, "shop", `${repository}:debugged`, { name: "moved" }));
  await author.crane("copy", `${repository}:unsigned`, `${repository}:debugged`);
  await until("the tag's seconds are over", () => refusal(`${repository}:debugged`), { seconds: TAG_SECONDS + 5 });
  const { status, stderr } = await debug("moved", `${repository}:debugged`);
  t.not(status, 0);
  t.match(stderr, `ephemeral container "debugger": ${repository}:debugged (${world.digest("unsigned")}) is not signed (Unsigned)`);
});

t.test("a dry run leaves nothing", async (t) => {
  admitted(t, await createPod(cluster, "shop", signed, { name: "rehearsed", flags: ["--dry-run=server"] }));
  t.equal((await cluster.call("GET", "/api/v1/namespaces/shop/pods/rehearsed")).status, 404);
  const { status } = await cluster.kubectl(["label", "namespace", "shop", "pratique.dev/index=all", "--dry-run=server"]);
  t.equal(status, 1, "a bad label is refused in a rehearsal too");
  const { stderr } = await cluster.kubectl(["label", "namespace", "shop", "pratique.dev/require-digest=true", "--dry-run=server"]);
  t.match(stderr, /Warning: .*running Pods? in namespace "shop" would now be refused/);
  const { body } = await cluster.call("GET", "/api/v1/namespaces/shop");
  t.notMatch(JSON.stringify(body), "require-digest");
});

function debug(pod: string, image: string) {
  return cluster.kubectl(["debug", "-n", "shop", pod, `--image=${image}`, "--container=debugger", "--image-pull-policy=Always"]);
}

/** The message with which a Pod of this image is refused; undefined when it is admitted. */
async function refusal(image: string): Promise<string | undefined> {
  const { status, stderr } = await createPod(cluster, "shop", image, { flags: ["--dry-run=server"] });
  return status === 0 ? undefined : stderr;
}

function admitted(t: Test, { status, stderr }: { readonly status: number | null; readonly stderr: string }): void {
  t.equal(status, 0, stderr || "admitted");
}
