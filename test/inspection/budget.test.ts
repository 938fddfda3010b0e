import { readFileSync } from "node:fs";
import t from "tap";
import type { Digest } from "../../src/image/digest.ts";
import type { IndexRule } from "../../src/image/index.ts";
import { parseReference } from "../../src/image/reference.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import { signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy, signOci11 } from "../helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../helpers/images.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { registryClient } from "../helpers/registry-client.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { Waves } from "../helpers/waves.ts";

const key = generateSigningKey();

/** One row of the page: what it is called there, and how it comes about. */
interface Layout {
  readonly name: string;
  readonly api: "with" | "without";
  readonly rule: IndexRule;
  readonly build: (registry: RegistryDouble) => Digest;
}

const single = (registry: RegistryDouble): Digest => push(registry, "web", imageManifest(), "v1");
const multi = (registry: RegistryDouble, sign: "all" | "top" | "children"): Digest => {
  const entries = ["amd64", "arm64"].map((arch) => ({ image: imageManifest({ seed: arch, platform: `linux/${arch}` }), platform: `linux/${arch}` }));
  const { index, children } = pushIndex(registry, "web", entries, "v1");
  const signed = { all: [index, ...children], top: [index], children }[sign];
  for (const digest of signed) signLegacy(registry, "web", digest, { key });
  return index;
};
const signedBy = (sign: (registry: RegistryDouble, repository: string, digest: Digest, options: { readonly key: typeof key }) => unknown) => (registry: RegistryDouble): Digest => {
  const digest = single(registry);
  sign(registry, "web", digest, { key });
  return digest;
};

const LAYOUTS: readonly Layout[] = [
  { name: "unsigned", api: "with", rule: "both", build: single },
  { name: "`.sig` tag", api: "with", rule: "both", build: signedBy(signLegacy) },
  { name: "OCI 1.1 artifact, referrers API", api: "with", rule: "both", build: signedBy(signOci11) },
  { name: "bundle, referrers API", api: "with", rule: "both", build: signedBy(signBundle) },
  { name: "bundle, fallback tag", api: "without", rule: "both", build: signedBy(signBundle) },
  { name: "index of two, `both`", api: "with", rule: "both", build: (registry) => multi(registry, "all") },
  { name: "index of two, `children`", api: "with", rule: "children", build: (registry) => multi(registry, "children") },
  { name: "index of two, `index`", api: "with", rule: "index", build: (registry) => multi(registry, "top") },
  { name: "index of two, `covered` by the index", api: "with", rule: "covered", build: (registry) => multi(registry, "top") },
  { name: "index of two, `covered` by each platform", api: "with", rule: "covered", build: (registry) => multi(registry, "children") },
];

t.test("docs/performance.md has the exact requests and rounds of each layout", async (t) => {
  const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");
  const table = /<!-- cold -->\n([^]*?)\n<!-- \/cold -->/.exec(page)?.[1] ?? "";
  const measured = ["| layout | by tag: requests | rounds | by digest: requests | rounds |", "|---|---|---|---|---|"];
  for (const { name, api, rule, build } of LAYOUTS) {
    const registry = await startRegistry({ referrers: api === "with" });
    t.teardown(() => registry.close());
    const digest = build(registry);
    const client = registryClient(t, registry);
    const measure = async (target: string, level: "signed" | "verified" = "signed"): Promise<string> => {
      registry.reset();
      const waves = new Waves(client);
      const inspector = new Inspector(inspectorPorts(waves, new Gatherer(waves), [policyOf(specOf(key))]), { installation: EMPTY_KEYRING, isSigningRepository: () => true, platforms: [] });
      const question = { reference: parseReference(`${registry.host}/web${target}`), level, rule, namespace: "shop", keyring: EMPTY_KEYRING } as const;
      await inspector.inspect(question, { deadline: Date.now() + 8000, signal: new AbortController().signal });
      t.equal(registry.requests.length, waves.requests, `${name}: nothing is asked besides`);
      return `${waves.requests} | ${waves.rounds}`;
    };
    const [byTag, byDigest] = [await measure(":v1"), await measure(`@${digest}`)];
    measured.push(`| ${name} | ${byTag} | ${byDigest} |`);
    // Without a cache a refusal looks twice, since it may not rest on what was kept.
    if (name !== "unsigned") t.same([await measure(":v1", "verified"), await measure(`@${digest}`, "verified")], [byTag, byDigest], `${name}: a key's verification costs no request`);
  }
  t.equal(table, measured.join("\n"));
});
