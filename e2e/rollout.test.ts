// docs/rollout.md as somebody follows it: its own shell blocks, pasted one after another. Hosts and keys alone are those of this world.
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { stringify } from "yaml";
import { createDeployment, createPod, makeNamespace } from "./harness/ask.ts";
import { RELEASE_NAMESPACE } from "./harness/chart.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { execute, until } from "./harness/process.ts";
import { startWorld } from "./harness/world.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

t.plan(PLANS.rollout);

const NAMESPACES = ["shop", "billing", "reports"];

const world = await startWorld({ registries: ["plain"], images: ["unsigned", "index-unsigned", "cosign3-bundle"], settings: () => ({ audit: { admissionEvents: true } }) });
t.teardown(() => world.stop());
const { cluster, folder } = world;
const { host } = world.registry("plain");
const page = await readFile(join(CHECKOUT, "docs/rollout.md"), "utf8");
const environment = await tools();

for (const name of NAMESPACES) {
  await makeNamespace(cluster, name, {});
  await cluster.kubectl(["label", "namespace", name, "team=shop"]);
}
await createDeployment(cluster, "shop", "web", `${host}/unsigned:1`);
await createDeployment(cluster, "billing", "api", `${host}/index-unsigned:1`);
await createDeployment(cluster, "reports", "job", `${host}/cosign3-bundle:1`);
await createPod(cluster, "shop", `${host}/unsigned:1`, { name: "running" });

/** The programs that the page calls, each with what this world without a network needs of it. */
async function tools(): Promise<Readonly<Record<string, string>>> {
  const bin = join(folder.path, "bin");
  await mkdir(bin);
  const config = await folder.write("audit.yaml", stringify({ registries: [registrySettings(world.registry("plain"))] }));
  const wrap = async (name: string, script: string): Promise<void> => chmod(await folder.write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o700);
  await wrap("pratique", `command="$1"; shift; exec ${process.execPath} ${join(CHECKOUT, "src/main.ts")} "$command" --config ${config} "$@"`);
  await wrap("cosign", `command="$1"; shift; [ "$command" = sign ] && set -- --tlog-upload=false --use-signing-config=false "$@"; exec ${program("cosign3")} "$command" "$@"`);
  await wrap("jq", `exec ${program("gojq")} "$@"`);
  await wrap("kubectl", `exec ${program("kubectl")} "$@"`);
  return { HOME: folder.path, PATH: `${bin}:${process.env["PATH"]}`, KUBECONFIG: join(cluster.folder.path, "admin.kubeconfig"), COSIGN_PASSWORD: "", DOCKER_CONFIG: join(folder.path, "docker") };
}

/** Pastes the block of the page that has these words, in this world's names. */
async function paste(words: string): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const blocks = [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, language, text = ""]) => (language === "" && text.includes(words) ? [text] : []));
  if (blocks.length !== 1) throw new Error(`${blocks.length} blocks of the page have ${words}`);
  const text = (blocks[0] ?? "").replaceAll("harbor.example.com/", `${host}/`).replaceAll("cosign.key", join(folder.path, "e2e.key"));
  return execute("sh", ["-c", text], { env: environment, cwd: folder.path });
}

async function pasted(words: string): Promise<string> {
  const { status, stdout, stderr } = await paste(words);
  if (status !== 0) throw new Error(`${words}: ${stderr}`);
  return stdout;
}

async function unsigned(): Promise<string> {
  await paste("--output json > audit.json");
  return (await pasted("uniq -c")).trim();
}

t.test("1, 3: what is unsigned is found, and signed by digest with all platforms", async (t) => {
  t.match((await unsigned()).split("\n").sort().map((line) => line.trim()), [`1 ${host}/index-unsigned:1`, `2 ${host}/unsigned:1`]);
  t.match(await pasted("sort -k3n"), /^(?:.*\t.*\n)*reports\t1\t0\t0\n(?:.*\n)*billing\t0\t1\t0\nshop\t0\t2\t0\n/);
  await pasted("xargs -n1 cosign sign");
  t.equal(await unsigned(), "", "a second look finds nothing");
});

t.test("4, 5: every namespace is audited, and a team is warned", async (t) => {
  await pasted("pratique.dev/audit=signed\n");
  await pasted("ns -l team=shop --overwrite pratique.dev/warn=signed");
  const { stdout } = await cluster.kubectl(["get", "namespaces", "-L", "pratique.dev/audit", "-L", "pratique.dev/warn", "--no-headers"]);
  for (const name of NAMESPACES) t.match(stdout, new RegExp(`^${name} .* signed +signed$`, "m"));
  t.notMatch(stdout, new RegExp(`^(?:kube-system|${RELEASE_NAMESPACE}) .*signed`, "m"), "neither the cluster's own nor ours");
  const warned = await until("the webhook is called", async () => {
    const { stderr } = await createPod(cluster, "reports", `${host}/nowhere:1`, { flags: ["--dry-run=server"] });
    return stderr.includes("Warning:") ? stderr : undefined;
  });
  t.match(warned, /ImageNotFound/);
});

t.test("6: a wave is rehearsed, enforced, and taken back", async (t) => {
  const wave = "rollout=wave-1 --overwrite pratique.dev/enforce=signed";
  const { stderr } = await paste(wave);
  t.match(stderr, /^$/, "nothing that runs would be refused");
  const refused = await until("the gate is called", async () => {
    const { status, stderr: said } = await createPod(cluster, "billing", `${host}/nowhere:1`, { flags: ["--dry-run=server"] });
    return status === 0 ? undefined : said;
  });
  t.match(refused, /admission webhook "enforce\.pratique\.dev" denied the request/);
  t.equal((await createPod(cluster, "billing", `${host}/index-unsigned:1`, {})).status, 0, "what was signed comes in");
  await pasted("ns shop --overwrite pratique.dev/enforce=none");
  await until("the gate is open again", async () => ((await createPod(cluster, "shop", `${host}/nowhere:1`, { flags: ["--dry-run=server"] })).status === 0 ? true : undefined));
});

t.test("8: who signed is asked for", async (t) => {
  const spec = { images: [{ glob: `${host}/**` }], authorities: [{ key: { data: world.author.publicKey("e2e") } }] };
  await folder.write("policies.yaml", stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "ours" }, spec }));
  const { status, stdout, stderr } = await paste("kubectl apply -f policies.yaml");
  t.equal(status, 0, stderr);
  t.match(stdout, /\nours +.*\n/);
  for (const image of ["unsigned:1", "index-unsigned:1", "cosign3-bundle:1"]) t.match(stdout, new RegExp(`✓ \\w+ \\w+: ${host}/${image}.*\n +trusted, Verified`));
  const { stderr: refused } = await until("the gate asks for it", async () => {
    const created = await createPod(cluster, "billing", `ghcr.io/acme/elsewhere:1`, { flags: ["--dry-run=server"] });
    return created.stderr.includes("NoPolicy") ? created : undefined;
  });
  t.match(refused, /denied the request/);
  t.equal((await createPod(cluster, "billing", `${host}/index-unsigned:1`)).status, 0);
});
