// The same images and keys put to both cosigns and to Pratique: equal answers, or a difference with its reason.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { stringify } from "yaml";
import { createAuthor, type KeyName, KEYS, type Layout, LAYOUTS, type Signer, SIGNERS } from "./harness/author.ts";
import { KEYED_IMAGES, publish } from "./harness/catalogue.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { execute } from "./harness/process.ts";
import { startRegistry } from "./harness/registries.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.differential);

const SLSA = "https://slsa.dev/provenance/v1";
/** Calls of cosign at the same time. */
const AT_ONCE = 3;

const registry = await startRegistry("referrers");
const folder = await temporaryFolder();
t.teardown(async () => {
  await registry.stop();
  await folder.remove();
});
const author = await createAuthor(folder, [registry]);
const PLAIN = SIGNERS.flatMap((by) => LAYOUTS.map((layout) => `${by}-${layout}`));
const ATTESTED = SIGNERS.map((by) => `attested-by-${by}`);
const IMAGES = [...PLAIN, ...KEYED_IMAGES, ...ATTESTED, "two-keys", "unsigned", "stolen"];
await publish(author, folder, [registry], IMAGES);
const config = await folder.write("pratique.yaml", stringify({ registries: [registrySettings(registry)] }));

interface Question {
  readonly image: string;
  readonly key: KeyName;
  readonly attestation?: string;
}

/** A difference between a cosign and Pratique, and why it is there. */
interface Difference {
  readonly by: Signer;
  readonly cosign: "accepts" | "refuses";
  readonly images: RegExp;
  readonly keys?: readonly KeyName[];
  readonly reason: string;
}

const DIFFERENCES: readonly Difference[] = [
  { by: "cosign2", cosign: "refuses", images: /-bundle|two-keys/, reason: "it does not read Sigstore bundles of signatures, also those that it writes" },
  { by: "cosign2", cosign: "refuses", images: /-simple-signing-p/, reason: "it signs with a P-384 or P-521 key over SHA-384 or SHA-512, and verifies over SHA-256" },
  { by: "cosign2", cosign: "refuses", images: /-simple-signing-ed25519$/, reason: "it signs with an Ed25519 key as Ed25519ph, and verifies in the pure form" },
  { by: "cosign3", cosign: "refuses", images: /-p(?:384|521)$/, reason: "it signs with a P-384 or P-521 key over SHA-384 or SHA-512, and verifies over SHA-256" },
  { by: "cosign3", cosign: "refuses", images: /-ed25519$/, reason: "it signs with an Ed25519 key as Ed25519ph, and verifies in the pure form" },
  { by: "cosign3", cosign: "accepts", images: /^attested-by-cosign3$/, reason: "it takes a bundle with any predicate for a signature; a signature is a statement with cosign's sign predicate, and an attestation has to be asked for" },
  { by: "cosign3", cosign: "refuses", images: /^two-keys$/, keys: ["e2e"], reason: "it does not look at the `.sig` tag of an image that has any bundle" },
];

t.test("every image of the suite by every key: signatures", async (t) => {
  const questions = IMAGES.flatMap((image) => KEYS.map((key): Question => ({ image, key })));
  const ours = new Map<KeyName, ReadonlyMap<string, boolean>>();
  for (const key of KEYS) ours.set(key, await pratique({ name: "signature", key: { data: author.publicKey(key) } }));
  t.same(
    questions.filter(({ image, key }) => ours.get(key)?.get(image) === true).map(({ image, key }) => `${image} ${key}`).toSorted(),
    [...PLAIN.map((image) => `${image} e2e`), ...KEYED_IMAGES.map((image) => `${image} ${image.slice(image.lastIndexOf("-") + 1)}`), "two-keys e2e", "two-keys other"].toSorted(),
    "Pratique accepts each image by the keys that have signed it, and by no other",
  );
  const used = new Set<Difference>();
  for (const by of SIGNERS) {
    const theirs = await everyone(questions, ({ image, key }) => author.verifies(`${registry.host}/${image}:1`, { by, key, layout: layoutOf(image) }));
    for (const [i, { image, key }] of questions.entries()) {
      const [mine, other] = [ours.get(key)?.get(image), theirs[i]];
      const difference = DIFFERENCES.find((each) => each.by === by && each.images.test(image) && (each.keys?.includes(key) ?? true) && (each.cosign === "accepts") === other && mine !== other);
      if (difference !== undefined) used.add(difference);
      else t.equal(other, mine, `${by} and Pratique on ${image} by ${key}`);
    }
  }
  t.same(DIFFERENCES.filter((difference) => !used.has(difference)), [], "a difference that is no more is to be struck out");
});

t.test("attestations by key", async (t) => {
  const questions = [...ATTESTED, "unsigned"].flatMap((image) => (["e2e", "other"] as const).flatMap((key) => [SLSA, "https://spdx.dev/Document"].map((attestation) => ({ image, key, attestation }))));
  for (const { image, key, attestation } of questions) {
    const mine = (await pratique({ name: "attestation", key: { data: author.publicKey(key) }, attestations: [{ predicateType: attestation }] }, [image])).get(image);
    t.equal(mine, image !== "unsigned" && key === "e2e" && attestation === SLSA, `Pratique on ${image} by ${key}, ${attestation}`);
    const by = image === "attested-by-cosign2" ? SIGNERS : (["cosign3"] as const);
    for (const each of by) t.equal(await author.verifies(`${registry.host}/${image}:1`, { by: each, key, layout: "bundle", attestation }), mine, `${each} on ${image} by ${key}, ${attestation}`);
  }
});

t.test("the differences are documented", async (t) => {
  const page = readFileSync(join(CHECKOUT, "docs/compatibility.md"), "utf8");
  const table = /<!-- differences -->\n([^]*?)\n<!-- \/differences -->/.exec(page)?.[1];
  const rows = DIFFERENCES.map(({ by, cosign, reason }) => `| ${by === "cosign2" ? "cosign 2.6" : "cosign 3.1"} | ${cosign} | ${reason} |`);
  t.equal(table, ["| | what it does | why, and what Pratique does not do |", "|---|---|---|", ...rows].join("\n"));
});

/** What `pratique check` says of images by one authority, as `cosign verify` looks: at the digest that is named alone. */
async function pratique(authority: object, images: readonly string[] = IMAGES): Promise<ReadonlyMap<string, boolean>> {
  const policy = { apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "differential" }, spec: { images: [{ glob: "**" }], authorities: [authority] } };
  const file = await folder.write("policy.yaml", stringify(policy));
  const args = [join(CHECKOUT, "src/main.ts"), "check", "--config", config, "--policy", file, "--index", "index", "--output", "json"];
  const { stdout } = await execute(process.execPath, [...args, ...images.map((image) => `${registry.host}/${image}:1`)]);
  const checked = JSON.parse(stdout) as { readonly images: readonly { readonly verdict: string }[] };
  return new Map(images.map((image, i) => [image, checked.images[i]?.verdict === "trusted"]));
}

function layoutOf(image: string): Layout {
  return LAYOUTS.find((layout) => image.includes(layout)) ?? "bundle";
}

async function everyone<Value>(questions: readonly Question[], ask: (question: Question) => Promise<Value>): Promise<readonly Value[]> {
  const answers = new Map<Question, Value>();
  const waiting = questions.values();
  const work = async (): Promise<void> => {
    for (const question of waiting) answers.set(question, await ask(question));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return questions.map((question) => answers.get(question) as Value);
}
