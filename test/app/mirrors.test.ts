import t, { type Test } from "tap";
import { ANONYMOUS } from "../../src/inspection/credential.ts";
import { EMPTY_KEYRING, keyringOf } from "../../src/inspection/keyring.ts";
import { MirroredImages } from "../../src/inspection/mirrored-images.ts";
import type { Call } from "../../src/inspection/ports.ts";
import { UndeterminedError } from "../../src/verdict/failure.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { type Artifact, imageManifest, push, pushIndex } from "../helpers/images.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { answerWith, blockedByPolicy, withBody } from "../helpers/registry-faults.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { entry, inspectorOf, registries } from "./world.ts";

const key = generateSigningKey();
const NEW = imageManifest({ seed: "new" });
const OLD = imageManifest({ seed: "old" });

async function start(t: Test, count: 2 | 3): Promise<readonly [RegistryDouble, RegistryDouble, RegistryDouble]> {
  const started = await Promise.all(Array.from({ length: count }, () => startRegistry()));
  t.teardown(() => Promise.all(started.map((each) => each.close())));
  const [upstream, first, second = first] = started;
  if (upstream === undefined || first === undefined || second === undefined) throw new Error("not started");
  return [upstream, first, second];
}

function pushSigned(registry: RegistryDouble, repository: string, image: Artifact = NEW) {
  const digest = push(registry, repository, image, "v1");
  signLegacy(registry, repository, digest, { key });
  return digest;
}

const mirror = ({ host }: RegistryDouble, settings: object = {}) => ({ location: host, ...settings });
const asked = (registry: RegistryDouble): number => registry.requests.length;

t.test("mirrors are asked in their order, below their own paths, and the registry itself only when none has it", async (t) => {
  const [upstream, first, second] = await start(t, 3);
  const config = registries(entry(upstream, { mirrors: [{ location: `${first.host}/hub/eu` }, mirror(second)] }), entry(first), entry(second));
  const ask = inspectorOf(t, config);
  const image = `${upstream.host}/shop/web:v1`;
  pushSigned(first, "hub/eu/shop/web");
  t.equal((await ask(image)).verdict.reason, "Signed");
  t.same([asked(second), asked(upstream)], [0, 0]);
  pushSigned(second, "shop/api");
  t.equal((await ask(`${upstream.host}/shop/api:v1`)).verdict.reason, "Signed");
  t.equal(asked(upstream), 0);
  pushSigned(upstream, "shop/own");
  t.equal((await ask(`${upstream.host}/shop/own:v1`)).verdict.reason, "Signed");
  t.match((await ask(`${upstream.host}/shop/none:v1`)).verdict, { kind: "untrusted", reason: "ImageNotFound", detail: new RegExp(`^${upstream.host} says`) });
});

t.test("whatever a mirror cannot or will not hand out, the next place may", async (t) => {
  const [upstream, first] = await start(t, 2);
  pushSigned(upstream, "web");
  pushSigned(first, "web", OLD);
  const image = `${upstream.host}/web:v1`;
  const config = registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first));
  for (const status of [401, 403, 404, 412, 429, 500, 503]) {
    first.heal();
    first.fault(/./, answerWith(status));
    const { verdict, digest } = await inspectorOf(t, config)(image);
    t.equal(verdict.reason, "Signed", `${status} at the mirror`);
    t.equal(digest, upstream.manifest("web", "v1")?.digest);
  }
  first.heal();
  first.fault(/./, blockedByPolicy());
  t.equal((await inspectorOf(t, config)(image)).verdict.reason, "Signed", "Harbor's own 412");
  const gone = await startRegistry();
  await gone.close();
  t.equal((await inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(gone)] }), entry(gone)))(image)).verdict.reason, "Signed", "nobody listens");
  const closed = registries(entry(upstream, { mirrors: [mirror(first)] }), { host: first.host, plainHTTP: true });
  first.reset();
  t.equal((await inspectorOf(t, closed)(image)).verdict.reason, "Signed", "a mirror at an address that was not allowed");
  t.equal(asked(first), 0);
});

t.test("a mirror that hangs leaves an equal part of the time for each one after it", async (t) => {
  let now = 0;
  const deadlines: number[] = [];
  // Each place takes all the time that it is given.
  const hang = async (_access: unknown, _target: unknown, { deadline }: Call): Promise<never> => {
    deadlines.push(deadline);
    now = deadline;
    throw new UndeterminedError("DeadlineExceeded", "no answer in time");
  };
  const place = (host: string) => ({ repository: { host, path: "web" }, resolvesTags: true, holdsSignatures: true });
  const images = new MirroredImages(
    { refuseForbidden: () => undefined, remembers: () => false, fetchManifest: hang },
    { mirroringOf: () => ({ mirrors: [place("a.b"), place("c.d")], upstream: "last" }), credentials: EMPTY_KEYRING, clock: { now: () => now } },
  );
  const access = { repository: { host: "e.f", path: "web" }, credential: ANONYMOUS };
  await t.rejects(images.fetchManifest(access, { kind: "tag", tag: "v1" }, { deadline: 9000, signal: new AbortController().signal }), { code: "DeadlineExceeded" });
  t.same(deadlines, [3000, 6000, 9000]);
});

t.test("what a mirror did hand out stands: the nodes are handed the same", async (t) => {
  const [upstream, first] = await start(t, 2);
  const good = pushSigned(upstream, "web");
  push(first, "web", NEW, "v1");
  const config = registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first));
  first.fault(/\/manifests\/(?:v1|sha256:)/, withBody(OLD.bytes));
  t.match((await inspectorOf(t, config)(`${upstream.host}/web@${good}`)).verdict, { kind: "untrusted", reason: "DigestMismatch", detail: new RegExp(first.host) });
  t.match((await inspectorOf(t, config)(`${upstream.host}/web:v1`)).verdict, { kind: "untrusted", reason: "Unsigned" }, "by tag it is another image, which nobody has signed");
  first.fault("/manifests/v1", withBody("{}"));
  t.match((await inspectorOf(t, config)(`${upstream.host}/web:v1`)).verdict, { kind: "untrusted", reason: "Malformed" });
});

t.test("a tag is what the mirror says, unless it is not to be believed", async (t) => {
  const [upstream, first] = await start(t, 2);
  const current = pushSigned(upstream, "web");
  const old = push(first, "web", OLD, "v1");
  const image = `${upstream.host}/web:v1`;
  const of = (settings: object) => inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first, settings)] }), entry(first)));
  t.match(await of({})(image), { digest: old, verdict: { reason: "Unsigned" } });
  t.match(await of({ tags: false })(image), { digest: current, verdict: { reason: "Signed" } });
  first.reset();
  push(first, "web", NEW);
  t.match(await of({ tags: false })(`${upstream.host}/web@${current}`), { verdict: { reason: "Signed" } });
  t.ok(first.requestLines().includes(`GET /v2/web/manifests/${current}`), "by digest it is asked all the same");
});

t.test("that there is no such image is not known while a mirror is out of reach", async (t) => {
  const [upstream, first] = await start(t, 2);
  const config = registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first));
  first.fault(/./, answerWith(503));
  t.match((await inspectorOf(t, config)(`${upstream.host}/web:v1`)).verdict, { kind: "undetermined", reason: "RegistryUnavailable", detail: new RegExp(first.host) });
  first.fault(/./, answerWith(401));
  t.equal((await inspectorOf(t, config)(`${upstream.host}/web:v1`)).verdict.reason, "ImageNotFound", "a mirror that does not know it says 401, as Harbor does");
  upstream.fault(/./, answerWith(401));
  first.fault(/./, answerWith(503));
  t.match((await inspectorOf(t, config)(`${upstream.host}/web:v1`)).verdict, { reason: "Unauthorized", detail: new RegExp(upstream.host) });
});

t.test("signatures count wherever they are found, and a refusal has asked everywhere", async (t) => {
  const [upstream, first, second] = await start(t, 3);
  const subject = push(upstream, "web", NEW, "v1");
  for (const each of [first, second]) push(each, "web", NEW, "v1");
  const other = generateSigningKey();
  const image = `${upstream.host}/web:v1`;
  const config = registries(entry(upstream, { mirrors: [mirror(first), mirror(second)] }), entry(first), entry(second));
  const verified = () => inspectorOf(t, config, { policies: [policyOf(specOf(key))] })(image, { level: "verified" });
  const signed = () => inspectorOf(t, config)(image);
  t.equal((await signed()).verdict.reason, "Unsigned");
  for (const each of [upstream, first, second]) t.ok(each.requestLines().some((line) => line.endsWith(".sig")), "asked for the .sig tag");
  signLegacy(first, "web", subject, { key: other });
  signLegacy(upstream, "web", subject, { key });
  t.equal((await verified()).verdict.reason, "Verified", "the first mirror is behind, and has another one's signature alone");
  upstream.reset();
  t.equal((await signed()).verdict.reason, "Signed");
  t.equal(asked(upstream), 0, "a signature at the first mirror is enough");
});

t.test("a signature that is missing at a mirror is looked for at the registry, and not missed while that is down", async (t) => {
  const [upstream, first] = await start(t, 2);
  push(first, "web", NEW, "v1");
  push(upstream, "web", NEW, "v1");
  const config = registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first));
  const image = `${upstream.host}/web:v1`;
  upstream.fault(/./, answerWith(503));
  t.match((await inspectorOf(t, config)(image)).verdict, { kind: "undetermined", reason: "RegistryUnavailable", detail: new RegExp(upstream.host) });
  upstream.heal();
  first.fault(/sha256-|referrers/, answerWith(503));
  t.match((await inspectorOf(t, config)(image)).verdict, { kind: "untrusted", reason: "Unsigned" }, "the registry itself has answered in full");
});

t.test("signatures: false keeps whoever may push to a mirror from signing there", async (t) => {
  const [upstream, first] = await start(t, 2);
  push(upstream, "web", NEW, "v1");
  pushSigned(first, "web");
  const of = (settings: object) => inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first, settings)] }), entry(first)));
  t.equal((await of({})(`${upstream.host}/web:v1`)).verdict.reason, "Signed");
  t.equal((await of({ signatures: false })(`${upstream.host}/web:v1`)).verdict.reason, "Unsigned");
});

t.test("upstream: never asks nothing outside", async (t) => {
  const [upstream, first] = await start(t, 2);
  pushSigned(first, "web");
  push(first, "bare", NEW, "v1");
  const config = registries(entry(upstream, { mirrors: [mirror(first)], upstream: "never" }), entry(first));
  const ask = inspectorOf(t, config, { policies: [policyOf(specOf(key))] });
  t.equal((await ask(`${upstream.host}/web:v1`)).verdict.reason, "Signed");
  t.equal((await ask(`${upstream.host}/bare:v1`)).verdict.reason, "Unsigned");
  t.equal((await ask(`${upstream.host}/bare:v1`, { level: "verified" })).verdict.reason, "Unsigned");
  t.equal((await ask(`${upstream.host}/none:v1`)).verdict.reason, "ImageNotFound");
  first.fault(/./, answerWith(503));
  t.equal((await ask(`${upstream.host}/other:v1`)).verdict.reason, "RegistryUnavailable");
  t.equal(asked(upstream), 0);
});

t.test("an index and its platforms come through mirrors as well", async (t) => {
  const [upstream, first] = await start(t, 2);
  const entries = ["amd64", "arm64"].map((architecture) => ({ image: imageManifest({ seed: architecture, platform: `linux/${architecture}` }), platform: `linux/${architecture}` }));
  const { index, children } = pushIndex(first, "web", entries, "v1");
  for (const each of [index, ...children]) signLegacy(first, "web", each, { key });
  const ask = inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first)));
  t.equal((await ask(`${upstream.host}/web:v1`)).verdict.reason, "Signed");
  first.remove("web", `sha256-${children[1]?.slice(7)}.sig`);
  const again = inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first)));
  t.equal((await again(`${upstream.host}/web:v1`)).verdict.reason, "PlatformUnsigned");
});

t.test("a mirror is sent its own credentials and nobody else's", async (t) => {
  const accounts = { mirror: { password: "of-the-mirror", repositories: ["**"] } };
  const upstream = await startRegistry({ auth: { kind: "basic", accounts: { tenant: { password: "of-the-tenant", repositories: ["**"] } } } });
  const first = await startRegistry({ auth: { kind: "basic", accounts } });
  t.teardown(() => Promise.all([upstream.close(), first.close()]));
  pushSigned(upstream, "web");
  const auth = (username: string, password: string): string => Buffer.from(`${username}:${password}`).toString("base64");
  const folder = t.testdir({ "config.json": JSON.stringify({ auths: { [first.host]: { auth: auth("mirror", "of-the-mirror") } } }) });
  const tenant = keyringOf([{ location: upstream.host, credential: { kind: "password", username: "tenant", password: "of-the-tenant" } }]);
  const image = `${upstream.host}/web:v1`;
  const sent = (registry: RegistryDouble): readonly string[] => [...new Set(registry.requests.flatMap(({ headers }) => headers.authorization ?? []))];

  const without = inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first)));
  t.equal((await without(image, { keyring: tenant })).verdict.reason, "Signed");
  t.ok(asked(first) > 0);
  t.same(sent(first), [], "the tenant's password is for the registry alone");
  upstream.reset();
  pushSigned(first, "web");
  const own = inspectorOf(t, registries(entry(upstream, { mirrors: [mirror(first)] }), entry(first, { dockerConfigFile: `${folder}/config.json` })));
  t.equal((await own(image, { keyring: tenant })).verdict.reason, "Signed");
  t.same(sent(first), [`Basic ${auth("mirror", "of-the-mirror")}`]);
  t.equal(asked(upstream), 0);
});
