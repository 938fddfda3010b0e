import t, { type Test } from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import type { IndexRule } from "../../src/image/index.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/image/media-type.ts";
import { parsePlatform, type Platform } from "../../src/image/platform.ts";
import { parseReference } from "../../src/image/reference.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { type Inspection, Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING, type Keyring } from "../../src/inspection/keyring.ts";
import type { TrustPolicy } from "../../src/trust/trust-policy.ts";
import type { Level } from "../../src/verdict/level.ts";
import { attestBundle, signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy, signOci11, sigTag } from "../helpers/cosign.ts";
import { artifact, buildAttestation, describe, imageIndex, imageManifest, push, pushIndex } from "../helpers/images.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { type LayoutName, loadLayout } from "../helpers/layouts.ts";
import { notationSignature, sbomReferrer } from "../helpers/other-accessories.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../helpers/registry-double.ts";
import { answerWith, blockedByPolicy, cutOff, hold, withBody } from "../helpers/registry-faults.ts";
import { registryClient } from "../helpers/registry-client.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();

interface Asked {
  readonly rule?: IndexRule;
  readonly level?: Exclude<Level, "none">;
  readonly platforms?: readonly string[];
  readonly keyring?: Keyring;
  readonly installation?: Keyring;
  readonly isSigningRepository?: () => boolean;
  readonly deadlineMs?: number;
  readonly policies?: readonly TrustPolicy[];
}

async function serve(t: Test, options: RegistryOptions = {}): Promise<RegistryDouble> {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  return registry;
}

/** Asks about `repository:tag` or `repository@digest` in the double. */
async function inspect(t: Test, registry: RegistryDouble, name: string, asked: Asked = {}): Promise<Inspection> {
  const client = registryClient(t, registry);
  const platforms = (asked.platforms ?? []).map(parsePlatform).filter((each): each is Platform => each !== undefined);
  const inspector = new Inspector(inspectorPorts(client, new Gatherer(client), asked.policies), {
    installation: asked.installation ?? EMPTY_KEYRING,
    isSigningRepository: asked.isSigningRepository ?? (() => true),
    platforms,
  });
  const question = { reference: parseReference(`${registry.host}/${name}`), level: asked.level ?? "signed", rule: asked.rule ?? "both", namespace: "shop", keyring: asked.keyring ?? EMPTY_KEYRING } as const;
  return inspector.inspect(question, { deadline: Date.now() + (asked.deadlineMs ?? 8000), signal: new AbortController().signal });
}

const reasonOf = async (...args: Parameters<typeof inspect>): Promise<string> => (await inspect(...args)).verdict.reason;

t.test("images that the real cosign signed, in a registry with the referrers API and in one without", async (t) => {
  const rows: readonly (readonly [layout: LayoutName, byRule: Readonly<Partial<Record<IndexRule, string>>>])[] = [
    ["t2", { both: "Signed", index: "Signed", covered: "Signed", children: "Signed" }],
    ["t2oci", { both: "Signed" }],
    ["t3sc", { both: "Signed" }],
    ["kl1", { both: "Signed" }],
    ["kl2t", { both: "Signed" }],
    ["kl2legacy", { both: "Signed" }],
    ["t2rec", { both: "Signed", index: "Signed", covered: "Signed", children: "Signed" }],
    ["t3rec", { both: "Signed", index: "Signed", covered: "Signed", children: "Signed" }],
    ["t2att", { both: "Unsigned", index: "Unsigned", covered: "Unsigned", children: "Unsigned" }],
    ["t3att", { both: "Unsigned", index: "Unsigned", covered: "Unsigned", children: "Unsigned" }],
  ];
  for (const referrers of [true, false]) {
    const registry = await serve(t, { referrers });
    for (const [layout, byRule] of rows) {
      loadLayout(registry, layout, layout);
      for (const [rule, reason] of Object.entries(byRule) as [IndexRule, string][]) {
        t.equal(await reasonOf(t, registry, `${layout}:v1`, { rule }), reason, `${layout} under ${rule}, referrers API: ${referrers}`);
      }
    }
  }
});

t.test("each layout, where each tool writes it", async (t) => {
  for (const referrers of [true, false]) {
    const registry = await serve(t, { referrers });
    const at = referrers ? "referrers" : "referrers-tag";
    const rows: readonly (readonly [name: string, attach: (name: string, digest: Digest) => unknown, layout: string, location: string, reason: string])[] = [
      ["legacy", (name, digest) => signLegacy(registry, name, digest, { key }), "simple-signing", "sig-tag", "Signed"],
      ["oci11", (name, digest) => signOci11(registry, name, digest, { key }), "oci-1-1", at, "Signed"],
      ["bundle", (name, digest) => signBundle(registry, name, digest, { key }), "bundle", at, "Signed"],
      ["attested", (name, digest) => attestBundle(registry, name, digest, { key }), "attestation", at, "Unsigned"],
      ["notation", (name, digest) => notationSignature(registry, name, digest), "notation", at, "Unsigned"],
      ["sbom", (name, digest) => sbomReferrer(registry, name, digest), "sbom", at, "Unsigned"],
    ];
    for (const [name, attach, layout, location, reason] of rows) {
      const digest = push(registry, name, imageManifest({ seed: name }), "v1");
      attach(name, digest);
      const { verdict, evidence } = await inspect(t, registry, `${name}:v1`);
      t.equal(verdict.reason, reason, name);
      t.match(evidence[0]?.candidates, [{ layout, location }], `${name} is found as what it is`);
      t.equal(evidence[0]?.candidates.length, 1);
    }
    const { verdict } = await inspect(t, registry, "sbom:v1");
    t.match(verdict, { detail: /found instead: an SBOM/ });
  }
});

t.test("a claim is for exactly one digest", async (t) => {
  const registry = await serve(t);
  const signed = push(registry, "a", imageManifest({ seed: "signed" }), "v1");
  signLegacy(registry, "a", signed, { key });
  const target = push(registry, "b", imageManifest({ seed: "target" }), "v1");
  signLegacy(registry, "b", target, { key, claims: signed });
  signBundle(registry, "b", target, { key, claims: signed });
  const { verdict } = await inspect(t, registry, "b:v1");
  t.match(verdict, { kind: "untrusted", reason: "ClaimMismatch", detail: new RegExp(`attached to ${target} were made for ${signed}`) });

  signBundle(registry, "b", target, { key, claims: [signed, target] });
  t.equal(await reasonOf(t, registry, "b:v1"), "Signed", "one of a statement's subjects is enough");

  const other = push(registry, "c", imageManifest({ seed: "copied" }), "v1");
  signLegacy(registry, "c", other, { key, reference: "evil.example.com/other" });
  t.equal(await reasonOf(t, registry, "c:v1"), "Signed", "the docker-reference is no condition");
});

t.test("one bad accessory never hides a good one", async (t) => {
  const bad: readonly (readonly [name: string, attach: (registry: RegistryDouble, name: string, digest: Digest) => unknown])[] = [
    ["an empty signature first", (registry, name, digest) => signLegacy(registry, name, digest, { key, signature: "" })],
    ["another type first", (registry, name, digest) => signLegacy(registry, name, digest, { key, type: "x" })],
    ["garbage for a payload", (registry, name, digest) => signLegacy(registry, name, digest, { key, payload: Buffer.from("garbage") })],
    ["a payload that is gone", (registry, name, digest) => {
      signLegacy(registry, name, digest, { key, payload: Buffer.from("lost") });
      registry.fault(new RegExp(computeDigest("sha256", Buffer.from("lost"))), answerWith(404));
    }],
    ["a bundle for another digest", (registry, name, digest) => signBundle(registry, name, digest, { key, claims: computeDigest("sha256", Buffer.from("x")) })],
    ["a malformed bundle", (registry, name, digest) => signBundle(registry, name, digest, { key, bundle: () => Buffer.from("{}") })],
    ["an attestation", (registry, name, digest) => attestBundle(registry, name, digest, { key })],
    ["a bundle that the policy of Harbor blocks", (registry, name, digest) => {
      const blocked = signBundle(registry, name, digest, { key });
      registry.fault(new RegExp(`manifests/${blocked}`), blockedByPolicy());
    }],
    ["a referrer that is down", (registry, name, digest) => {
      const down = signBundle(registry, name, digest, { key });
      registry.fault(new RegExp(`manifests/${down}`), answerWith(503));
    }],
    ["a referrers API that is down", (registry) => registry.fault(/\/referrers\//, answerWith(503))],
    ["a fallback tag that is a manifest", (registry, name, digest) => push(registry, name, imageManifest({ seed: "odd" }), digest.replace(":", "-"))],
    ["a referrer with other bytes than its digest", (registry, name, digest) => {
      const lying = signBundle(registry, name, digest, { key });
      registry.fault(new RegExp(`manifests/${lying}`), withBody("{}"));
    }],
  ];
  for (const [name, attach] of bad) {
    const registry = await serve(t);
    const digest = push(registry, "web", imageManifest(), "v1");
    attach(registry, "web", digest);
    t.not(await reasonOf(t, registry, "web:v1"), "Signed", `${name}, alone`);
    signLegacy(registry, "web", digest, { key });
    t.equal(await reasonOf(t, registry, "web:v1"), "Signed", `${name}, beside a .sig`);
  }
  const registry = await serve(t);
  const digest = push(registry, "web", imageManifest(), "v1");
  push(registry, "web", imageIndex([]), sigTag(digest));
  t.equal(await reasonOf(t, registry, "web:v1"), "Unsigned", "a .sig tag that is an index");
  signBundle(registry, "web", digest, { key });
  t.equal(await reasonOf(t, registry, "web:v1"), "Signed");
});

t.test("what cannot be found out is not what is absent", async (t) => {
  const rows: readonly (readonly [name: string, fault: (registry: RegistryDouble, digest: Digest) => void, kind: string, reason: string])[] = [
    ["the .sig tag is refused", (registry) => registry.fault(/\.sig$/, answerWith(403)), "undetermined", "Unauthorized"],
    ["the .sig tag is down", (registry) => registry.fault(/\.sig$/, answerWith(503)), "undetermined", "RegistryUnavailable"],
    ["the .sig tag is limited", (registry) => registry.fault(/\.sig$/, answerWith(429)), "undetermined", "RateLimited"],
    ["the .sig tag is blocked", (registry) => registry.fault(/\.sig$/, blockedByPolicy()), "untrusted", "BlockedByRegistry"],
    ["the referrers API fails", (registry) => registry.fault(/\/referrers\//, answerWith(500)), "undetermined", "RegistryUnavailable"],
    ["the referrers API is refused", (registry) => registry.fault(/\/referrers\//, answerWith(401)), "undetermined", "Unauthorized"],
    ["there is no referrers API (404)", (registry) => registry.fault(/\/referrers\//, answerWith(404)), "untrusted", "Unsigned"],
    ["there is no referrers API (400)", (registry) => registry.fault(/\/referrers\//, answerWith(400)), "untrusted", "Unsigned"],
    ["there is no referrers API (405)", (registry) => registry.fault(/\/referrers\//, answerWith(405)), "untrusted", "Unsigned"],
    ["there is no referrers API (501)", (registry) => registry.fault(/\/referrers\//, answerWith(501)), "untrusted", "Unsigned"],
    ["the fallback tag is cut off", (registry, digest) => registry.fault(new RegExp(`${digest.replace(":", "-")}$`), cutOff()), "undetermined", "RegistryUnavailable"],
    ["the image is gone", (registry, digest) => registry.remove("web", digest), "untrusted", "ImageNotFound"],
    ["the image is blocked", (registry) => registry.fault("manifests/v1", blockedByPolicy()), "untrusted", "BlockedByRegistry"],
    ["the image is refused", (registry) => registry.fault("manifests/v1", answerWith(403)), "undetermined", "Unauthorized"],
    ["the image is an answer of another kind", (registry) => registry.fault("manifests/v1", answerWith(200, { "content-type": OCI_MANIFEST }, "<html>")), "untrusted", "Malformed"],
  ];
  for (const [name, fault, kind, reason] of rows) {
    const registry = await serve(t, { referrers: !name.includes("fallback") });
    const digest = push(registry, "web", imageManifest(), "v1");
    if (name.includes("fallback")) attestBundle(registry, "web", digest, { key });
    fault(registry, digest);
    const { verdict } = await inspect(t, registry, "web:v1");
    t.same([verdict.kind, verdict.reason], [kind, reason], name);
  }
});

t.test("quotas are of each place, and what promises a signature is read first", async (t) => {
  const registry = await serve(t);
  const digest = push(registry, "web", imageManifest(), "v1");
  for (let i = 0; i < 60; i += 1) attestBundle(registry, "web", digest, { key, predicate: { i } });
  t.equal(await reasonOf(t, registry, "web:v1"), "TooLarge", "junk up to the quota, and nothing good");
  const good = signBundle(registry, "web", digest, { key });
  t.equal(await reasonOf(t, registry, "web:v1"), "Signed", "the promising one is read first");
  registry.remove("web", good);
  signLegacy(registry, "web", digest, { key });
  t.equal(await reasonOf(t, registry, "web:v1"), "Signed", "and junk there takes nothing from the .sig tag");

  const other = push(registry, "other", imageManifest({ seed: "other" }), "v1");
  for (let i = 0; i < 51; i += 1) signLegacy(registry, "other", other, { key, payload: Buffer.from(`junk ${i}`) });
  t.equal(await reasonOf(t, registry, "other:v1"), "TooLarge", "51 layers of junk");
  signBundle(registry, "other", other, { key });
  t.equal(await reasonOf(t, registry, "other:v1"), "Signed");

  const large = push(registry, "large", imageManifest({ seed: "large" }), "v1");
  signLegacy(registry, "large", large, { key, payload: Buffer.alloc(1024 * 1024 + 1, 0x20) });
  t.equal(await reasonOf(t, registry, "large:v1"), "TooLarge", "a payload of more than 1 MiB");
});

t.test("the index rules, nested, filtered and empty", async (t) => {
  const registry = await serve(t);
  const amd = imageManifest({ seed: "amd", platform: "linux/amd64" });
  const arm = imageManifest({ seed: "arm", platform: "linux/arm64" });
  const entries = [{ image: amd, platform: "linux/amd64" }, { image: arm, platform: "linux/arm64" }];
  const all = async (name: string, asked: Asked = {}) => {
    const reasons = await Promise.all((["both", "covered", "index", "children"] as const).map((rule) => reasonOf(t, registry, name, { ...asked, rule })));
    return reasons.join(" ");
  };

  const { index } = pushIndex(registry, "top", [...entries, buildAttestation(amd)], "v1");
  t.equal(await all("top:v1"), "Unsigned Unsigned Unsigned Unsigned");
  signLegacy(registry, "top", index, { key });
  t.equal(await all("top:v1"), "PlatformUnsigned Signed Signed Unsigned");
  signBundle(registry, "top", amd.digest, { key });
  t.equal(await all("top:v1"), "PlatformUnsigned Signed Signed PlatformUnsigned");
  t.equal(await all("top:v1", { platforms: ["linux/amd64"] }), "Signed Signed Signed Signed", "the nodes need no arm64");
  for (const asked of [{}, { rule: "index" }, { platforms: ["linux/amd64"] }] as const) {
    t.same((await inspect(t, registry, "top:v1", asked)).contents, [index, amd.digest, arm.digest], `a node may run every platform, asked about or not: ${JSON.stringify(asked)}`);
  }
  const { platforms, verdict } = await inspect(t, registry, "top:v1");
  t.match(platforms, [{ platform: "linux/amd64", verdict: { reason: "Signed" } }, { platform: "linux/arm64", verdict: { reason: "Unsigned" } }]);
  t.match(verdict, { part: { name: "linux/arm64", digest: arm.digest, more: 0 } });
  signBundle(registry, "top", arm.digest, { key });
  t.equal(await all("top:v1"), "Signed Signed Signed Signed", "a build attestation needs no signature");
  t.equal(await all(`top@${index}`), "Signed Signed Signed Signed");
  t.equal(await all(`top:lie@${index}`), "Signed Signed Signed Signed", "with tag and digest, the digest decides");
  t.equal(await all(`top@${amd.digest}`), "Signed Signed Signed Signed", "a pinned child is judged as itself");
  t.equal(await all("top:v1", { platforms: ["windows/amd64"] }), "NoPlatform NoPlatform NoPlatform NoPlatform");

  const nested = imageIndex([{ image: arm, platform: "linux/arm64" }]);
  const outer = imageIndex([{ image: amd, platform: "linux/amd64" }, { image: nested, platform: null }]);
  for (const image of [amd, arm, nested]) push(registry, "nested", image);
  push(registry, "nested", outer, "v1");
  signLegacy(registry, "nested", nested.digest, { key });
  t.equal(await all("nested:v1"), "Unsigned PlatformUnsigned Unsigned Unsigned");
  signLegacy(registry, "nested", amd.digest, { key });
  t.equal(await all("nested:v1"), "PlatformUnsigned Signed Unsigned PlatformUnsigned", "an index on the path covers its own");
  signLegacy(registry, "nested", arm.digest, { key });
  signLegacy(registry, "nested", outer.digest, { key });
  t.equal(await all("nested:v1"), "Signed Signed Signed Signed");

  push(registry, "deep", imageIndex([{ image: outer, platform: null }]), "v1");
  for (const image of [outer, nested, amd, arm]) push(registry, "deep", image);
  t.equal(await reasonOf(t, registry, "deep:v1"), "TooLarge", "three levels of indexes");

  push(registry, "empty", imageIndex([]), "v1");
  t.equal(await reasonOf(t, registry, "empty:v1"), "NoPlatform");
  pushIndex(registry, "built", [buildAttestation(amd), buildAttestation(arm)], "v1");
  t.equal(await reasonOf(t, registry, "built:v1"), "NoPlatform", "nothing but unknown/unknown");
  const many = Array.from({ length: 33 }, (_, i) => ({ image: imageManifest({ seed: `many ${i}` }), platform: "linux/amd64" }));
  pushIndex(registry, "many", many, "v1");
  t.equal(await reasonOf(t, registry, "many:v1"), "TooLarge");
  t.equal(await reasonOf(t, registry, "many:v1", { platforms: ["linux/arm64"] }), "NoPlatform", "counted after the filter");

  const halves = [0, 1].map((half) => imageIndex(many.slice(half * 16, half * 16 + 17)));
  for (const half of halves) push(registry, "halves", half);
  push(registry, "halves", imageIndex(halves.map((image) => ({ image, platform: null }))), "v1");
  t.equal(await reasonOf(t, registry, "halves:v1"), "TooLarge", "nested indexes are counted together");

  const bare = push(registry, "bare", imageIndex([{ image: amd, platform: null }]), "v1");
  signLegacy(registry, "bare", bare, { key });
  t.equal(await reasonOf(t, registry, "bare:v1"), "PlatformUnsigned", "a missing platform field counts as a platform");
  t.equal(await reasonOf(t, registry, "bare:v1", { platforms: ["linux/arm64"] }), "PlatformUnsigned", "and no filter takes it out");
  signLegacy(registry, "bare", amd.digest, { key });
  t.equal(await reasonOf(t, registry, "bare:v1"), "Signed", "a child that is missing from the registry is judged by its signatures");

  const absent = imageIndex([{ image: amd, platform: "linux/amd64" }]);
  push(registry, "gone", imageIndex([{ image: absent, platform: null }]), "v1");
  t.equal(await reasonOf(t, registry, "gone:v1"), "ImageNotFound", "a nested index must be read");
  const posing = { ...describe(OCI_INDEX, amd.bytes), digest: amd.digest };
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [posing] };
  push(registry, "posing", artifact([], document), "v1");
  push(registry, "posing", amd);
  t.equal(await reasonOf(t, registry, "posing:v1"), "Malformed", "a manifest listed as an index");
});

t.test("rounds and requests", async (t) => {
  const registry = await serve(t);
  const digest = push(registry, "legacy", imageManifest({ seed: "legacy" }), "v1");
  signLegacy(registry, "legacy", digest, { key });
  const bundled = push(registry, "bundle", imageManifest({ seed: "bundle" }), "v1");
  signBundle(registry, "bundle", bundled, { key });
  push(registry, "bare", imageManifest({ seed: "bare" }), "v1");
  const entries = ["amd64", "arm64"].map((arch) => ({ image: imageManifest({ seed: arch, platform: `linux/${arch}` }), platform: `linux/${arch}` }));
  const { index, children } = pushIndex(registry, "index", entries, "v1");
  for (const subject of [index, ...children]) signLegacy(registry, "index", subject, { key });

  const rows: readonly (readonly [name: string, rule: IndexRule, requests: number])[] = [
    ["legacy:v1", "both", 5],
    [`legacy@${digest}`, "both", 5],
    ["bundle:v1", "both", 6],
    ["bare:v1", "both", 4],
    ["index:v1", "both", 1 + 3 * 4],
    ["index:v1", "children", 1 + 2 * 4],
    ["index:v1", "index", 1 + 4],
    ["index:v1", "covered", 1 + 4],
  ];
  for (const [name, rule, requests] of rows) {
    registry.reset();
    await inspect(t, registry, name, { rule });
    t.equal(registry.requests.length, requests, `${name} under ${rule}: ${registry.requestLines().join(", ")}`);
  }

  const [manifest, signature] = [hold(), hold()];
  registry.fault(`manifests/${index}`, manifest.behaviour);
  registry.fault(`${index.replace(":", "-")}.sig`, signature.behaviour);
  const answer = inspect(t, registry, `index@${index}`);
  await Promise.all([manifest.reached, signature.reached]);
  t.pass("with a digest, its own signatures are asked for beside the manifest");
  manifest.release();
  signature.release();
  t.equal((await answer).verdict.reason, "Signed");
});

t.test("what is refused before anything is sent", async (t) => {
  const registry = await serve(t);
  const digest = push(registry, "web", imageManifest(), "v1");
  signLegacy(registry, "web", digest, { key });
  t.equal(await reasonOf(t, registry, "web:v1", { level: "verified" }), "NoPolicy");
  t.equal(await reasonOf(t, registry, "web:v1", { isSigningRepository: () => false }), "RepositoryNotTrusted");
  t.equal(registry.requests.length, 0);
  const late = await inspect(t, registry, "web:v1", { deadlineMs: 0 });
  t.match(late.verdict, { kind: "undetermined", reason: "DeadlineExceeded" });
});

t.test("credentials are tried in turn, and nobody else's", async (t) => {
  const accounts = { right: { password: "r", repositories: ["shop/web"] } };
  const registry = await serve(t, { auth: { kind: "basic", accounts } });
  const digest = push(registry, "shop/web", imageManifest(), "v1");
  signLegacy(registry, "shop/web", digest, { key });
  const wrong = { kind: "password", username: "wrong", password: "w" } as const;
  const right = { kind: "password", username: "right", password: "r" } as const;
  const ring = (...credentials: readonly (typeof wrong | typeof right)[]): Keyring => ({ credentialsFor: () => credentials });
  t.equal(await reasonOf(t, registry, "shop/web:v1"), "Unauthorized", "anonymous");
  t.equal(await reasonOf(t, registry, "shop/web:v1", { keyring: ring(wrong) }), "Unauthorized");
  t.equal(await reasonOf(t, registry, "shop/web:v1", { keyring: ring(wrong, right) }), "Signed", "the second one opens it");
  t.equal(await reasonOf(t, registry, "shop/web:v1", { installation: ring(right) }), "Signed", "the installation's, where the Pod has none");
  t.equal(await reasonOf(t, registry, "shop/web:v1", { keyring: ring(wrong), installation: ring(right) }), "Unauthorized", "and not where it has some");
});
