import type { Digest } from "../../src/image/digest.ts";
import type { IndexRule } from "../../src/image/index.ts";
import { parseReference } from "../../src/image/reference.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { Registry } from "../../src/inspection/ports.ts";
import { signBundle } from "./cosign-bundle.ts";
import { signLegacy, signOci11 } from "./cosign.ts";
import { imageManifest, push, pushIndex } from "./images.ts";
import { inspectorPorts } from "./inspector.ts";
import { policyOf, specOf } from "./policies.ts";
import type { RegistryDouble } from "./registry-double.ts";
import { generateSigningKey } from "./signing-key.ts";
import { Waves } from "./waves.ts";

const key = generateSigningKey();

/** A way in which an image may be signed, or not: what the page calls it, and how it comes about. */
export interface ColdLayout {
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

/** Each of them in the repository `web`, under the tag `v1`. */
export const COLD_LAYOUTS: readonly ColdLayout[] = [
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

/** What one look at an image cost. */
export interface ColdCost {
  readonly requests: number;
  /** How often it had to wait for the registry, one time after another. */
  readonly rounds: number;
}

export interface ColdLook {
  readonly registry: RegistryDouble;
  readonly client: Registry;
  /** Behind the repository: `:v1` or `@sha256:...`. */
  readonly target: string;
  readonly level: "signed" | "verified";
  readonly rule: IndexRule;
}

/** Judges an image of the repository `web` with nothing remembered. Throws when anything is asked that was not counted. */
export async function coldCost({ registry, client, target, level, rule }: ColdLook): Promise<ColdCost> {
  registry.reset();
  const waves = new Waves(client);
  const inspector = new Inspector(inspectorPorts(waves, new Gatherer(waves), [policyOf(specOf(key))]), { installation: EMPTY_KEYRING, isSigningRepository: () => true, platforms: [] });
  const question = { reference: parseReference(`${registry.host}/web${target}`), level, rule, namespace: "shop", keyring: EMPTY_KEYRING } as const;
  await inspector.inspect(question, { deadline: Date.now() + 8000, signal: new AbortController().signal });
  if (registry.requests.length !== waves.requests) throw new Error(`the registry had ${registry.requests.length} requests, and ${waves.requests} were meant`);
  return { requests: waves.requests, rounds: waves.rounds };
}
