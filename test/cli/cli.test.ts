import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, get } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";

import { run } from "../../src/cli/cli.ts";
import { Progress } from "../../src/cli/progress.ts";
import { ApiServerDouble } from "../helpers/api-server-double.ts";
import { loopbackCertificate } from "../helpers/certificates.ts";
import { pratique, type Result, sink } from "../helpers/command.ts";
import { attestBundle, signBundle } from "../helpers/cosign-bundle.ts";
import { sigTag, signLegacy, signOci11 } from "../helpers/cosign.ts";
import { handTimer } from "../helpers/hand-timer.ts";
import { imageManifest, push, pushIndex } from "../helpers/images.ts";
import { notationSignature, sbomReferrer } from "../helpers/other-accessories.ts";
import { answerWith } from "../helpers/registry-faults.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../helpers/registry-double.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();
const MAIN = join(import.meta.dirname, "../../src/main.ts");

interface ImageJson {
  readonly reference: string;
  readonly digest: string | null;
  readonly verdict: string;
  readonly reason: string;
  readonly message: string;
  readonly platforms: readonly object[];
  readonly candidates: readonly { readonly layout: string; readonly location: string; readonly claim: string | null }[];
}

async function checkJson(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result & { readonly images: readonly ImageJson[] }> {
  const result = await pratique(["check", ...args, "--output", "json"], env);
  return { ...result, images: (JSON.parse(result.out) as { images: ImageJson[] }).images };
}

async function registry(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble> {
  const double = await startRegistry(options);
  t.teardown(() => double.close());
  return double;
}

/** `web:signed` as cosign 2 signs, `web:unsigned`, and the index `web:half` of which one platform is not signed. */
function pushWeb(double: RegistryDouble) {
  const signed = push(double, "shop/web", imageManifest({ seed: "signed" }), "signed");
  signLegacy(double, "shop/web", signed, { key });
  const unsigned = push(double, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  const entries = ["linux/amd64", "linux/arm64"].map((platform) => ({ image: imageManifest({ seed: platform, platform }), platform }));
  const { index, children } = pushIndex(double, "shop/web", entries, "half");
  const [amd64 = index, arm64 = index] = children;
  for (const digest of [index, amd64]) signLegacy(double, "shop/web", digest, { key });
  return { signed, unsigned, index, amd64, arm64 };
}

t.test("help teaches, and lists only what there is", async (t) => {
  const overview = await pratique(["--help"]);
  t.match(overview, { status: 0, err: "" });
  t.same([...overview.out.matchAll(/^ {2}([\w-]+) {3,}\w/gm)].map(([, name]) => name).filter((name) => name !== "pratique"), ["serve", "check", "audit", "doctor", "import", "remove-webhooks"]);
  t.match(await pratique(["help"]), { status: 0, out: overview.out });
  t.match(await pratique([]), { status: 2, out: "", err: overview.out });
  for (const command of ["serve", "check", "audit", "doctor", "import", "remove-webhooks"]) {
    const { status, out, err } = await pratique([command, "--help"]);
    t.match({ status, err }, { status: 0, err: "" });
    for (const part of ["Usage:", "Options:", "Examples:", "Exit status:", ...(["doctor", "import", "remove-webhooks"].includes(command) ? [] : ["not verified"])]) t.ok(out.includes(part), `${command} --help has ${part}`);
    t.match(await pratique(["help", command]), { status: 0, out });
    t.match(await pratique([command, "whatever", "-h"]), { status: 0, out });
    t.ok(out.split("\n").every((line) => line.length <= 90), "it fits a terminal");
  }
  t.match(await pratique(["--version"]), { status: 0, out: /^pratique \d+\.\d+\.\d+\n$/ });
});

t.test("a wrong call says what is wrong and ends with 2", async (t) => {
  const dir = t.testdir({
    "configured.yaml": "namespaces: {}\n",
    "bad.yaml": "defaults: {enforce: sined}\nlisen: x\n",
    docker: { "config.json": '{"auths": {"registry.example.com": {"auth": "not base64"}}}' },
    "ca.yaml": "registries: [{host: registry.example.com, caFile: /nonexistent/ca.pem}]",
  });
  for (const [args, words, env] of [
    [["chekc"], /there is no command "chekc"; did you mean check\?\nTry `pratique --help`/],
    [["polish"], /there is no command "polish"; there are serve, check/],
    [["doctor", "shop"], /doctor takes no "shop"; it looks at the installations/],
    [["doctor", "-n", "No"], /--namespace is "No", which no namespace can be called/],
    [["doctor", "--ask", "templates"], /--ask is "templates"; it must be policies, namespaces, enforce or none/],
    [["doctor", "--ask", "none", "--ask", "enforce"], /--ask is none, and an entry besides/],
    [["doctor", "--kubeconfig", "/nonexistent"], /the kubeconfig \/nonexistent cannot be read/],
    [["audit", "web:1"], /audit takes no "web:1".*pratique check/],
    [["audit", "-A", "-n", "shop"], /-A is every namespace, and --namespace is one/],
    [["audit", "-A=yes"], /takes no value|there is no option/],
    [["audit", "--all-namespaces=yes"], /--all-namespaces takes no value/],
    [["audit", "-n"], /-n needs a value/],
    [["audit", "-n", "No/Name"], /--namespace is "No\/Name"/],
    [["audit", "--level", "none"], /--level is "none"; it must be signed or verified/],
    [["audit", "--all-namespace"], /did you mean --all-namespaces\?/],
    [["audit", "--kubeconfig", "/nonexistent/kubeconfig"], /kubeconfig \/nonexistent\/kubeconfig cannot be read/],
    [["audit", "--config", join(dir, "configured.yaml")], /no API server is asked, and an audit looks at a cluster/],
    [["--level", "signed"], /a command comes first/],
    [["check"], /at least one image/],
    [["check", "x", "--lvel", "signed"], /there is no option --lvel; did you mean --level\?\nTry `pratique check --help`/],
    [["check", "x", "-x"], /there is no option -x/],
    [["check", "x", "--level"], /--level needs a value/],
    [["check", "x", "--level", "--output", "json"], /--level needs a value/],
    [["check", "x", "--level="], /--level needs a value/],
    [["check", "x", "--level", "none"], /--level is "none"; it must be signed or verified/],
    [["check", "x", "--level", "verifed"], /Did you mean verified\?/],
    [["check", "x", "--index", "all"], /--index is "all"; it must be both, covered, index or children/],
    [["check", "x", "--output", "yaml"], /--output is "yaml"; it must be text or json/],
    [["check", "x", "--output", "json", "--output", "text"], /--output is given twice/],
    [["check", "x", "--namespace", "No/Name"], /--namespace is "No\/Name"/],
    [["check", "x", "--policy", "/nonexistent/p.yaml"], /policy file \/nonexistent\/p\.yaml cannot be read/],
    [["check", "x", "--policy=p.yaml", "--level", "signed"], /leave out --policy, or --level/],
    [["check", "x", "--policy", ""], /--policy needs a value/],
    [["check", "x", "--config", join(dir, "absent.yaml")], /absent\.yaml cannot be read: ENOENT/],
    [["check", "x", "--config", join(dir, "bad.yaml")], /bad\.yaml has 2 errors:\n  .*lisen: .*listen[^]*defaults\.enforce/],
    [["check", "x", "--config", join(dir, "ca.yaml")], /caFile of registry registry\.example\.com cannot be read/],
    [["check", "x"], /docker\/config\.json: auths\["registry\.example\.com"\]/, { DOCKER_CONFIG: join(dir, "docker") }],
    [["remove-webhooks"], /say which: --webhook-configuration NAME/],
    [["remove-webhooks", "pratique"], /remove-webhooks takes no "pratique"; write --webhook-configuration NAME/],
    [["remove-webhooks", "--webhook-configuration", "../x"], /"\.\.\/x", which no object of Kubernetes can be named/],
    [["remove-webhooks", "--webhook-configuration", "x", "--kubeconfig", "/nonexistent/kubeconfig"], /kubeconfig \/nonexistent\/kubeconfig cannot be read/],
    [["serve", "extra"], /serve takes no "extra"/],
    [["serve", "--listen", "nowhere"], /--listen: is "?nowhere|--listen: .*host:port/],
    [["serve", "--port", "1"], /there is no option --port/],
  ] as readonly (readonly [string[], RegExp, Record<string, string>?])[]) {
    const { status, out, err } = await pratique(args, env);
    t.match(err, words, args.join(" "));
    t.match(err, /^pratique: /);
    t.same([status, out], [2, ""], args.join(" "));
  }
});

t.test("check says by its exit status, JSON and tree what was found", async (t) => {
  const double = await registry(t);
  const { host } = double;
  const { signed, index, amd64, arm64 } = pushWeb(double);

  const pass = await checkJson([`${host}/shop/web:signed`]);
  t.equal(pass.status, 0);
  t.same(pass.images, [
    {
      reference: `${host}/shop/web:signed`,
      digest: signed,
      verdict: "trusted",
      reason: "Signed",
      message: `${host}/shop/web:signed (${signed}) passes (Signed): a cosign signature document claims this digest.`,
      platforms: [],
      candidates: [{ subject: signed, layout: "simple-signing", location: "sig-tag", digest: double.manifest("shop/web", sigTag(signed))?.digest, claim: signed }],
    },
  ]);

  const half = await checkJson([`${host}/shop/web:half`]);
  t.equal(half.status, 1);
  t.match(half.images[0], {
    verdict: "untrusted",
    reason: "PlatformUnsigned",
    message: new RegExp(`is not signed for linux/arm64 .*${arm64}.*cosign sign --recursive`),
    platforms: [
      { platform: "linux/amd64", digest: amd64, verdict: "trusted", reason: "Signed" },
      { platform: "linux/arm64", digest: arm64, verdict: "untrusted", reason: "Unsigned" },
    ],
  });

  const tree = await pratique(["check", `${host}/shop/web:half`]);
  t.match(tree, { status: 1, err: "" });
  t.equal(
    tree.out.replaceAll(/in sha256:\w+/g, "in SIGNATURE"),
    [
      `✗ ${host}/shop/web:half`,
      `  ${index}`,
      `  untrusted, PlatformUnsigned: linux/arm64: no cosign signature on ${arm64}`,
      "  ├─ the index",
      "  │  └─ cosign signature (simple-signing) at the .sig tag, in SIGNATURE: claims this digest",
      `  ├─ ✓ linux/amd64 ${amd64} Signed`,
      "  │  └─ cosign signature (simple-signing) at the .sig tag, in SIGNATURE: claims this digest",
      `  └─ ✗ linux/arm64 ${arm64} Unsigned`,
      "     └─ nothing is attached",
      `  Next: Sign it with \`cosign sign --recursive ${host}/shop/web@${index}\`.`,
      "",
    ].join("\n"),
  );
  t.match((await pratique(["check", `${host}/shop/web:signed`])).out, /trusted, Signed: .*the signature itself is not verified/);

  const several = await pratique(["check", `${host}/shop/web:signed`, `${host}/shop/web:unsigned`, `${host}/shop/web:half`]);
  t.match(several, { status: 1, out: /\n3 images: 1 trusted, 2 untrusted\n$/ });
  t.equal((await pratique(["check", "--index", "index", `${host}/shop/web:half`])).status, 0);
  t.match((await checkJson([`${host}/shop/web:signed`, "--level", "verified"], { KUBECONFIG: "/nonexistent" })).images[0], { verdict: "undetermined", reason: "PoliciesUnknown", digest: null, policies: [] });
});

t.test("every accessory is named by its layout, its place and its claim", async (t) => {
  const double = await registry(t);
  const { host } = double;
  const digest = push(double, "shop/web", imageManifest(), "1");
  const other = push(double, "shop/web", imageManifest({ seed: "other" }), "2");
  signLegacy(double, "shop/web", digest, { key });
  signLegacy(double, "shop/web", digest, { key });
  signOci11(double, "shop/web", digest, { key });
  signBundle(double, "shop/web", digest, { key, claims: other });
  attestBundle(double, "shop/web", digest, { key });
  notationSignature(double, "shop/web", digest);
  sbomReferrer(double, "shop/web", digest);
  signBundle(double, "shop/web", digest, { key, bundle: () => new TextEncoder().encode("{") });
  const { images } = await checkJson([`${host}/shop/web:1`]);
  const rows = (images[0]?.candidates ?? []).map(({ layout, location, claim }) => [layout, location, claim]);
  const sorted = (all: readonly unknown[]) => all.map((row) => JSON.stringify(row)).toSorted((a, b) => (a < b ? -1 : 1));
  t.same(
    sorted(rows),
    sorted([
      ["simple-signing", "sig-tag", digest],
      ["oci-1-1", "referrers", digest],
      ["bundle", "referrers", other],
      ["attestation", "referrers", null],
      ["notation", "referrers", null],
      ["sbom", "referrers", null],
      ["bundle", "referrers", null],
    ]),
    "two layers of one .sig manifest are one manifest",
  );
  const { out } = await pratique(["check", `${host}/shop/web:1`]);
  t.match(out, /cosign signature \(simple-signing\) at the \.sig tag, in sha256:\w+: claims this digest \(2 times\)\n/);
  t.match(out, new RegExp(`Sigstore bundle at the referrers API, in sha256:\\w+: claims ${other}\n`));
  t.match(out, /attestation at the referrers API, in sha256:\w+: no cosign signature; it is about this digest\n/);
  t.match(out, /Sigstore bundle at the referrers API, in sha256:\w+: cannot be read \(Malformed\)\n/);
});

t.test("what could not be found out is 2, and something untrusted beside it is 1", async (t) => {
  const double = await registry(t);
  const { host } = double;
  pushWeb(double);
  double.fault(/\/referrers\//, answerWith(503));
  const closed = `127.0.0.1:1/shop/web:1`;
  const undetermined = await pratique(["check", `${host}/shop/web:unsigned`]);
  t.match(undetermined, { status: 2, out: /\? .*\n.*\n  undetermined, RegistryUnavailable: [^]*the referrers API could not be asked: [^]*Next: Try again/ });
  t.equal((await pratique(["check", `${host}/shop/web:signed`])).status, 0, "a good claim beside a failed location is good");
  t.equal((await pratique(["check", closed, `${host}/shop/web:signed`])).status, 2);
  t.equal((await pratique(["check", closed, "Bad Reference!"])).status, 1);
  const invalid = await checkJson(["Bad Reference!"]);
  t.match(invalid.images[0], { reference: "Bad Reference!", digest: null, verdict: "untrusted", reason: "InvalidReference", platforms: [], candidates: [] });
});

t.test("the caller's docker configuration opens private registries, and nothing else does", async (t) => {
  const accounts = { ann: { password: "p4ss", repositories: ["**"] } };
  const double = await registry(t, { auth: { kind: "basic", accounts } });
  const { host } = double;
  pushWeb(double);
  const auth = Buffer.from("ann:p4ss").toString("base64");
  const dir = t.testdir({
    mine: { "config.json": JSON.stringify({ auths: { [host]: { auth } } }) },
    helper: { "config.json": JSON.stringify({ auths: { [host]: {} }, credsStore: "desktop" }) },
    home: { ".docker": { "config.json": JSON.stringify({ auths: { [host]: { auth } } }) } },
    installation: JSON.stringify({ auths: { [host]: { auth } } }),
  });
  writeFileSync(join(dir, "pratique.yaml"), `registries: [{host: "${host}", plainHTTP: true, dockerConfigFile: "${dir}/installation"}]`);
  const image = `${host}/shop/web:signed`;
  t.equal((await pratique(["check", image], { DOCKER_CONFIG: `${dir}/mine` })).status, 0);
  t.equal((await pratique(["check", image], { HOME: `${dir}/home` })).status, 0);
  const refused = await pratique(["check", image]);
  t.match(refused, { status: 2, err: "", out: new RegExp(`undetermined, Unauthorized: [^]*docker login ${host}`) });
  t.match(await pratique(["check", image], { DOCKER_CONFIG: `${dir}/helper` }), { status: 2, err: /note: your docker configuration: credsStore is not supported/ });
  t.equal((await pratique(["check", image, "--config", `${dir}/pratique.yaml`])).status, 2, "the installation's credentials are the webhook's");
  t.notOk((refused.out + refused.err).includes("p4ss"));
});

t.test("the configuration's registries, exemptions and repositories count", async (t) => {
  const tls = await loopbackCertificate();
  const double = await registry(t, { tls });
  const { host } = double;
  pushWeb(double);
  const dir = t.testdir({ "ca.pem": tls.ca });
  const config = (yaml: string): string => {
    writeFileSync(join(dir, "pratique.yaml"), yaml);
    return join(dir, "pratique.yaml");
  };
  const image = `${host}/shop/web:signed`;
  t.equal((await pratique(["check", image])).status, 2, "loopback is plain HTTP");
  t.equal((await pratique(["check", image, "--config", config(`registries: [{host: "${host}", caFile: "${dir}/ca.pem"}]\nprivateAddresses: configured`)])).status, 0);
  const elsewhere = await checkJson([image, "--config", config('signed: {repositories: ["registry.example.com/**"]}')]);
  t.match(elsewhere, { status: 1, images: [{ reason: "RepositoryNotTrusted" }] });
  const exempt = await checkJson([image, "--config", config(`exemptions: {images: ["${host}/shop/**"]}`)]);
  t.match(exempt, { status: 0, images: [{ verdict: "exempt", reason: "ExemptImage", digest: null }] });
});

t.test("--namespace takes level and rule from the configuration, and flags win", async (t) => {
  const double = await registry(t);
  const { host } = double;
  pushWeb(double);
  const dir = t.testdir({
    "pratique.yaml": `
exemptions: {namespaces: [free]}
namespaces:
  shop: {pratique.dev/enforce: signed, pratique.dev/index: index}
  strict: {pratique.dev/enforce: verified}
  warned: {pratique.dev/warn: signed}
  pinned: {pratique.dev/enforce: signed, pratique.dev/require-digest: "true"}
`,
  });
  const file = join(dir, "pratique.yaml");
  const half = `${host}/shop/web:half`;
  const reason = async (...args: string[]) => {
    const { status, images, err } = await checkJson([half, "--config", file, ...args]);
    return [status, images[0]?.reason, err.split("\n")[0]];
  };
  t.same(await reason(), [1, "PlatformUnsigned", ""]);
  t.same(await reason("--namespace", "shop"), [0, "Signed", ""]);
  t.same(await reason("--namespace", "shop", "--index", "children"), [1, "PlatformUnsigned", ""]);
  t.same(await reason("--namespace", "strict"), [1, "NoPolicy", ""]);
  t.same(await reason("--namespace", "strict", "--level", "signed"), [1, "PlatformUnsigned", ""]);
  t.same(await reason("--namespace", "warned"), [1, "PlatformUnsigned", "note: namespace warned refuses nothing; its `warn` level is signed"]);
  t.match(await reason("--namespace", "unlisted"), [1, "PlatformUnsigned", /asks for nothing, so every image is admitted there/]);
  t.same(await reason("--namespace", "pinned"), [1, "TagNotAllowed", ""]);
  t.same(await reason("--namespace", "free"), [0, "ExemptNamespace", ""]);
  t.equal((await pratique(["check", half, "--config", join(t.testdir({ "typo.yaml": "namespaces: {shop: {pratique.dev/enforce: sined}}" }), "typo.yaml")])).status, 2);
});

t.test("--namespace without `namespaces` asks the cluster of the kubeconfig", async (t) => {
  const double = await registry(t);
  const { host } = double;
  pushWeb(double);
  const cluster = await ApiServerDouble.start();
  t.teardown(() => cluster.close());
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "shop", labels: { "pratique.dev/enforce": "signed", "pratique.dev/index": "index", "pratique.dev/odd": "x" } } });
  const dir = t.testdir({ kubeconfig: cluster.kubeconfig() });
  const before = process.env["KUBECONFIG"];
  t.teardown(() => {
    if (before === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = before;
  });
  process.env["KUBECONFIG"] = join(dir, "kubeconfig");
  const image = `${host}/shop/web:half`;
  t.match(await checkJson([image, "--namespace", "shop"]), { status: 0, images: [{ reason: "Signed" }], err: /note: namespace shop: unknown label "pratique\.dev\/odd"/ });
  cluster.fault = () => ({ status: 500, body: {} });
  t.match(await checkJson([image, "--namespace", "shop"]), { status: 2, images: [{ verdict: "undetermined", reason: "NamespaceUnknown" }] });
  process.env["KUBECONFIG"] = join(dir, "absent");
  t.match(await checkJson([image, "--namespace", "shop"]), { status: 2, images: [{ reason: "NamespaceUnknown", message: /KUBECONFIG/ }] });
  t.equal((await checkJson([image])).status, 1, "without --namespace no cluster is asked");
});

t.test("colours and progress are for terminals alone", async (t) => {
  const double = await registry(t);
  pushWeb(double);
  const coloured = async (isTTY: boolean): Promise<boolean> => {
    const out = sink(isTTY);
    await run(["check", `${double.host}/shop/web:signed`], { stdin: Readable.from([]), stdout: out.stream, stderr: sink().stream, env: { HOME: "/nonexistent" }, stopAsked: async () => {} });
    return out.written() !== stripVTControlCharacters(out.written());
  };
  const before = process.env["FORCE_COLOR"];
  delete process.env["FORCE_COLOR"];
  t.equal(await coloured(false), false);
  t.equal(await coloured(true), true);
  if (before !== undefined) process.env["FORCE_COLOR"] = before;

  const timer = handTimer();
  const terminal = sink(true);
  const progress = new Progress(terminal.stream, timer, 3);
  progress.step();
  t.equal(terminal.written(), "", "nobody is told of what is quick");
  timer.advance(1000);
  progress.step();
  progress.say("note: something");
  progress.end();
  const CLEAR = "\r\u001b[K";
  const shown = (count: number): string => `${CLEAR}asking registries: ${count} of 3 images`;
  t.equal(terminal.written(), `${shown(1)}${shown(2)}${CLEAR}note: something\n${shown(2)}${CLEAR}`);
  const open = sink(true);
  const counting = new Progress(open.stream, timer, undefined);
  timer.advance(1000);
  counting.expect(2);
  counting.end();
  t.equal(open.written(), `${CLEAR}asking the API server what there is${CLEAR}asking registries: 0 of 2 images${CLEAR}`, "how many there are is not known at first");
  const pipe = sink();
  const silent = new Progress(pipe.stream, timer, 1);
  timer.advance(5000);
  silent.say("note: kept");
  silent.end();
  t.equal(pipe.written(), "note: kept\n");
  t.same(timer.alarms(), []);
});

t.test("the process: help, a check in a pipe, and a server that stops when asked", async (t) => {
  const tls = await loopbackCertificate();
  const dir = t.testdir({
    "tls.crt": tls.cert,
    "tls.key": tls.key,
    "pratique.yaml": "listen: 127.0.0.1:0\nmetricsListen: 127.0.0.1:0\ndrainSeconds: 0\nnamespaces: {}\n",
  });
  const start = (...args: string[]) => spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], HOME: dir } });
  const help = start("--help");
  const [[status], out] = await Promise.all([once(help, "close"), text(help.stdout)]);
  t.equal(status, 0);
  t.match(out, /Usage: pratique/);

  const crash = `data:text/javascript,process.on("newListener", (name) => {
    if (name === "uncaughtException") setImmediate(() => { throw Object.assign(new Error("boom"), { password: "hunter" + 2 }); });
  });`;
  const crashing = spawn(process.execPath, ["--import", crash, MAIN, "serve", "--config", join(dir, "pratique.yaml")], { stdio: ["ignore", "ignore", "pipe"] });
  const [[crashed], report] = await Promise.all([once(crashing, "close"), text(crashing.stderr)]);
  t.equal(crashed, 2, "a crash is no verdict");
  t.match(report, /^pratique: an unexpected error: \{"type":"Error","message":"boom"/);
  t.notOk(report.includes("hunter2"));

  const cut = start("check", "127.0.0.1:1/shop/web:1", "Bad Reference!");
  cut.stdout.destroy();
  t.same(await once(cut.stderr.resume() && cut, "close"), [1, null], "who does not read to the end changes nothing");

  const failed = start("serve", "--config", join(dir, "pratique.yaml"), "--tls-cert-file", join(dir, "absent.crt"));
  const [[failure], err] = await Promise.all([once(failed, "close"), text(failed.stderr), text(failed.stdout)]);
  t.equal(failure, 1);
  t.match(err, /^pratique: cannot start: .*absent\.crt cannot be read/);

  const server = start("serve", "--config", join(dir, "pratique.yaml"), "--tls-cert-file", join(dir, "tls.crt"), "--tls-key-file", join(dir, "tls.key"));
  const lines: Record<string, unknown>[] = [];
  for await (const line of server.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    for (const each of String(line).trim().split("\n")) lines.push(JSON.parse(each) as Record<string, unknown>);
    if (lines.some(({ msg }) => msg === "ready")) break;
  }
  t.match(lines[0], { level: "warn", msg: /signed\.repositories is \*\*/ });
  const listening = lines.find(({ msg }) => msg === "listening") as { webhook: { port: number } };
  const response = get({ host: "127.0.0.1", port: listening.webhook.port, path: "/readyz", ca: tls.ca, agent: new Agent() });
  const [answer] = await once(response, "response");
  t.equal(answer.statusCode, 200);
  answer.resume();
  server.stdout.resume();
  server.kill("SIGTERM");
  const [code, signal] = await once(server, "close");
  t.same([code, signal], [0, null]);
});
