// The image as it is built and published, and the webhook in it, in a container like that of the chart.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { computeDigest, type Digest, hexOf } from "../src/image/digest.ts";
import type { Descriptor } from "../tools/image/blob.ts";
import { readLock } from "../tools/image/lock.ts";
import { VERSION } from "../src/version.ts";
import { createAuthority } from "../test/helpers/certificates.ts";
import { recordedReview, type Review } from "../test/helpers/reviews.ts";
import { createAuthor } from "./harness/author.ts";
import { only, renderChart } from "./harness/chart.ts";
import { createRuntime, mountedFolder, type Runtime } from "./harness/runtime.ts";
import { post, readiness, type ReviewResponse } from "./harness/direct.ts";
import { readElf } from "./harness/elf.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { build, copyCheckout, filesBelow, layOut } from "./harness/image-build.ts";
import { readBlob, readLayers, readLayout, type StoredImage, unpack } from "./harness/layout.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { freePort } from "./harness/ports.ts";
import { type Outcome, start, until } from "./harness/process.ts";
import { startRegistry } from "./harness/registries.ts";
import { defaultSeccomp } from "./harness/seccomp.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

const MAX_COMPRESSED = 60_000_000;
const ARCHITECTURES = ["amd64", "arm64"];
const USER = 65532;
const MEBIBYTE = 1024 * 1024;

t.plan(PLANS.image);

const folder = await temporaryFolder();
const registry = await startRegistry("referrers");
t.teardown(async () => {
  await registry.stop();
  await folder.remove();
});
const author = await createAuthor(folder, [registry]);
const built = join(folder.path, "built");
const said = await build(CHECKOUT, built);
const layout = await readLayout(join(built, "oci"));
const own = imageHere();
const repository = `${registry.host}/pratique`;

t.test("the same commit gives the same image, whoever builds it, wherever and whenever", async (t) => {
  const checkout = join(folder.path, "elsewhere/a checkout");
  await copyCheckout(checkout);
  const again = join(folder.path, "again");
  await build(checkout, again, "umask 077; export TZ=Asia/Kolkata LANG=de_DE.UTF-8 USER=somebody");
  const [one, other] = [await filesBelow(built), await filesBelow(again)];
  t.strictSame([...other.keys()], [...one.keys()]);
  const differing = [...one].filter(([path, bytes]) => other.get(path)?.equals(bytes) !== true).map(([path]) => path);
  t.strictSame(differing, [], "no file differs");
});

t.test("the layout is an index of both platforms, whole, and small enough", async (t) => {
  t.match(said, layout.entry.digest, "the digest is told");
  t.strictSame(layout.images.map(({ architecture }) => architecture), ARCHITECTURES);
  for (const descriptor of layout.named) await t.resolves(readBlob(layout.folder, descriptor), `${descriptor.digest} is what it says`);
  t.strictSame([...new Set(layout.named.map(({ digest }) => hexOf(digest)))].sort(), [...layout.blobs].sort(), "no blob is missing, and none is nobody's");
  for (const { architecture, config, layers } of layout.images) {
    t.equal(config.architecture, architecture);
    t.equal(config.config.Labels["org.opencontainers.image.version"], VERSION);
    t.ok(layers.reduce((sum, { size }) => sum + size, 0) < MAX_COMPRESSED, `${architecture} has less than 60 MB`);
  }
});

for (const image of layout.images) {
  t.test(`what is in the image for ${image.architecture}`, async (t) => {
    const { files, archives } = await readLayers(layout, image);
    t.strictSame(archives.map((archive) => computeDigest("sha256", archive)), image.config.rootfs.diff_ids, "the configuration names the layers");
    t.strictSame(files.filter(({ owner, modified }) => owner !== "0:0" || modified !== 0), [], "everything is root's, and of no time");
    const plain = files.filter(({ type }) => type !== "SymbolicLink");
    t.strictSame(plain.filter(({ mode }) => (mode & 0o7022) !== 0).map(({ path }) => path), [], "nobody else may write");
    t.strictSame(plain.filter(({ mode, type }) => (mode & 0o444) !== 0o444 || (type === "Directory" && (mode & 0o111) !== 0o111)).map(({ path }) => path), [], "anybody may read");
    const paths = new Set(files.map(({ path }) => path.split("/").at(-1)));
    const binaries = files.flatMap(({ path, bytes }) => {
      const elf = readElf(bytes);
      return elf === undefined ? [] : [{ path, ...elf }];
    });
    t.ok(binaries.length >= 7, "Node, its loader and its libraries");
    t.strictSame(binaries.filter(({ machine }) => machine !== image.architecture), [], "all of them are for this machine");
    const wanted = binaries.flatMap(({ needed, interpreter }) => [...needed, ...(interpreter === undefined ? [] : [interpreter.slice(interpreter.lastIndexOf("/") + 1)])]);
    t.strictSame(wanted.filter((name) => !paths.has(name)), [], "what they need is there");
    const loader = binaries.find(({ path }) => path === "nodejs/bin/node")?.interpreter;
    t.ok(files.some(({ path }) => `/${path}` === loader), `the loader is where Node looks for it: ${loader}`);
  });
}

await t.test("published: validated, pulled with its digest, with what is in it attached", async (t) => {
  await author.crane("push", layout.folder, `${repository}:${VERSION}`);
  t.equal((await author.crane("digest", `${repository}:${VERSION}`)).trim(), layout.entry.digest);
  const pulled = join(folder.path, "pulled");
  await author.crane("pull", "--format=oci", `${repository}:${VERSION}`, pulled);
  t.equal((await readLayout(pulled)).entry.digest, layout.entry.digest);
  for (const { architecture, descriptor } of layout.images) {
    await t.resolves(author.crane("validate", "--remote", `${repository}@${descriptor.digest}`));
    const sbom = join(built, `sbom-${architecture}`);
    const { digest } = await readEntry(sbom);
    t.match(said, digest, "how to push it is told");
    await author.crane("push", sbom, `${repository}@${digest}`);
    t.match(await referrersOf(descriptor.digest), [{ digest }], `it is found by the digest of ${architecture}`);
    t.match(JSON.parse(await author.crane("manifest", `${repository}@${digest}`)), { artifactType: "application/spdx+json", subject: { digest: descriptor.digest } });
  }
});

await author.sign(`${repository}@${layout.entry.digest}`, { by: "cosign3", layout: "bundle", scope: "recursive" });
await author.crane("copy", `${repository}:${VERSION}`, `${registry.host}/unsigned:1`);
const { args, url, memory, runtime } = await install();
t.teardown(() => runtime.remove());

t.test("the webhook answers from a container with the chart's user, rights and memory, and ends when it is told to", async (t) => {
  const running = await runtime.start("webhook", { args });
  await until("the webhook is ready", async () => (!running.hasEnded() && (await readiness(url)) === 200 ? true : undefined), { evidence: () => running.output() });
  t.match(await judged(`${repository}:${VERSION}`), { allowed: true }, "its own image is signed");
  t.match(await judged(`${registry.host}/unsigned:1`), { allowed: false, status: { message: /is not signed/ } });

  const status = await inside("webhook", 'fs.readFileSync("/proc/1/status", "utf8")');
  t.match(status, new RegExp(`^Uid:\\s+${USER}\\s+${USER}\\s+${USER}\\s+${USER}$`, "m"));
  t.match(status, new RegExp(`^Gid:\\s+${USER}\\s+${USER}\\s+${USER}\\s+${USER}$`, "m"));
  t.match(status, /^CapEff:\s+0+$/m, "no capabilities");
  t.match(status, /^NoNewPrivs:\s+1$/m);
  t.match(status, /^Seccomp:\s+2$/m, "a filter of system calls");
  t.equal(`${Number(await inside("webhook", "process.constrainedMemory()")) / MEBIBYTE}Mi`, memory, "the chart's limit");
  t.equal(await inside("webhook", '(() => { try { return fs.writeFileSync("/tmp/file", "") } catch ({ code }) { return code } })()'), "EROFS", "nothing can be written");

  running.signal("SIGTERM");
  t.equal(await running.ended(), 0, "it ends as it should");
});

t.test("any user may run it, as OpenShift gives each namespace users of its own", async (t) => {
  const user = 1000770000;
  t.match(await runtime.run({ user, args: ["--version"] }), { status: 0, stdout: `pratique ${VERSION}\n`, stderr: "" });
  t.match(await runtime.run({ user, command: ["pratique", "check", "--help"] }), { status: 0, stdout: /Judges images/, stderr: "" });
  const config = "/etc/pratique/config/pratique.yaml";
  t.match(await runtime.run({ args: ["check", "--config", config, `${repository}:${VERSION}`] }), { status: 0, stdout: /signed/ }, "what it says of itself");
});

t.test("the image for the other architecture answers as well, on a processor that is emulated", async (t) => {
  const rootfs = join(folder.path, "rootfs-of-the-other");
  await unpack(layout, theOther(), rootfs);
  const [port, metricsPort] = [await freePort(), await freePort()];
  const tls = join(folder.path, "tls");
  const args = ["serve", `--config=${join(folder.path, "config/pratique.yaml")}`, `--tls-cert-file=${join(tls, "tls.crt")}`, `--tls-key-file=${join(tls, "tls.key")}`];
  const places = [`--listen=127.0.0.1:${port}`, `--metrics-listen=127.0.0.1:${metricsPort}`];
  const emulator = program(process.arch === "arm64" ? "qemu-x86_64" : "qemu-aarch64");
  const command = theOther().config.config.Entrypoint.map((part) => (part.startsWith("/") ? join(rootfs, part) : part));
  const running = start(emulator, ["-L", rootfs, ...command, ...args, ...places]);
  const there = `https://127.0.0.1:${port}`;
  await until("the webhook is ready", async () => (!running.hasEnded() && (await readiness(there)) === 200 ? true : undefined), { evidence: () => running.output() });
  t.match(await judged(`${repository}:${VERSION}`, there), { allowed: true });
  t.match(await judged(`${registry.host}/unsigned:1`, there), { allowed: false, status: { message: /is not signed/ } });
  running.signal("SIGTERM");
  t.equal(await running.ended(), 0, "it ends as it should");
});

t.test("an engine that builds the Dockerfile has the same files", async (t) => {
  const rootfs = join(folder.path, "rootfs-of-dockerfile");
  await layOut(rootfs, join(folder.path, "stage"));
  const [one, other] = [await filesBelow(join(folder.path, "rootfs")), await filesBelow(rootfs)];
  t.strictSame([...other.keys()], [...one.keys()]);
  t.strictSame([...one].filter(([path, bytes]) => other.get(path)?.equals(bytes) !== true).map(([path]) => path), [], "no file differs");
});

t.test("what is listed is what is there", async (t) => {
  const { packages } = JSON.parse(await readFile(join(built, `pratique-${VERSION}-linux-${own.architecture}.spdx.json`), "utf8")) as { readonly packages: readonly { readonly name: string; readonly versionInfo: string; readonly SPDXID: string }[] };
  const listed = (kind: string): Readonly<Record<string, string>> =>
    Object.fromEntries(packages.filter(({ SPDXID }) => SPDXID.startsWith(`SPDXRef-${kind}-`)).map(({ name, versionInfo }) => [name, versionInfo]));
  t.equal(`v${listed("node")["node"]}`, await once("process.version"));
  const debian = await once('Object.fromEntries(fs.readdirSync("/var/lib/dpkg/status.d").map((name) => [name, /^Version: (.*)$/m.exec(fs.readFileSync("/var/lib/dpkg/status.d/" + name, "utf8"))[1]]))');
  t.strictSame(listed("debian"), debian);
  t.equal(listed("npm")["undici"], readLock()("node_modules/undici").version);
  t.notOk("tap" in listed("npm"), "what only tests use is not there");
  t.equal(await once('fs.readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8") === tls.rootCertificates.map((text) => text + "\\n").join("")'), true, "whom Node trusts");
});

function imageHere(): StoredImage {
  const image = layout.images.find(({ architecture }) => architecture === (process.arch === "arm64" ? "arm64" : "amd64"));
  if (image === undefined) throw new Error(`there is no image for ${process.arch}`);
  return image;
}

function theOther(): StoredImage {
  const image = layout.images.find((each) => each !== own);
  if (image === undefined) throw new Error(`there is no image but for ${process.arch}`);
  return image;
}

interface Installed {
  /** What the chart tells the container, and where on loopback it listens instead. */
  readonly args: readonly string[];
  readonly url: string;
  /** The limit of the chart's container. */
  readonly memory: string;
  readonly runtime: Runtime;
}

// What the kubelet does for the chart's Pod, but for the network.
async function install(): Promise<Installed> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const authority = await createAuthority("pratique");
  const { cert, key } = await authority.issue({ ips: ["127.0.0.1"] });
  const objects = await renderChart({
    certificate: { mode: "secret", secretName: "pratique-tls", caBundle: authority.cert },
    config: {
      namespaces: { shop: { "pratique.dev/enforce": "signed" } },
      registries: [registrySettings(registry)],
      drainSeconds: 0,
    },
  });
  const files = {
    config: { "pratique.yaml": only(objects, "ConfigMap").data["pratique.yaml"] },
    tls: { "tls.crt": cert, "tls.key": key },
  };
  for (const [name, content] of Object.entries(files)) await mountedFolder(join(folder.path, name), content, USER);
  const pod = only(objects, "Deployment").spec.template.spec;
  const args = [...pod.containers[0].args, `--listen=127.0.0.1:${port}`, `--metrics-listen=127.0.0.1:${metricsPort}`];
  const rootfs = join(folder.path, "rootfs");
  await unpack(layout, own, rootfs);
  const mounts = pod.containers[0].volumeMounts.map(({ name, mountPath }) => ({ source: join(folder.path, name), destination: mountPath }));
  const runtime = await createRuntime({ rootfs, image: own.config.config, pod, mounts, seccomp: await defaultSeccomp() });
  return { args, url: `https://127.0.0.1:${port}`, memory: pod.containers[0].resources.limits.memory, runtime };
}

/** What the webhook says of a Deployment with this image, as the API server asked about one. */
function judged(image: string, webhook = url): Promise<ReviewResponse> {
  const review = recordedReview("deployment-create").body as Review & { request: { object: { spec: { template: { spec: { containers: { image: string }[] } } } } } };
  for (const container of review.request.object.spec.template.spec.containers) container.image = image;
  return post(`${webhook}/validate/enforce?timeout=10s`, review);
}

/** The value of an expression in a container that was started. */
async function inside(name: string, expression: string): Promise<unknown> {
  return valueIn(await runtime.exec(name, ["/nodejs/bin/node", "-e", printed(expression)]));
}

/** The same in a container of its own. */
async function once(expression: string): Promise<unknown> {
  return valueIn(await runtime.run({ command: ["/nodejs/bin/node", "-e", printed(expression)] }));
}

function printed(expression: string): string {
  return `console.log(JSON.stringify(${expression}))`;
}

function valueIn({ status, stdout, stderr }: Outcome): unknown {
  if (status !== 0) throw new Error(`nothing comes of it: ${stderr}`);
  return JSON.parse(stdout) as unknown;
}

async function readEntry(folder: string): Promise<Descriptor> {
  const { manifests } = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as { readonly manifests: readonly [Descriptor] };
  return manifests[0];
}

async function referrersOf(digest: Digest): Promise<unknown> {
  const response = await fetch(`http://${registry.host}/v2/pratique/referrers/${digest}`);
  return ((await response.json()) as { readonly manifests: unknown }).manifests;
}
