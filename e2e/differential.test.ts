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
const SPDX = "https://spdx.dev/Document";
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
const INDICES = ["index-recursive-cosign2", "index-recursive-cosign3", "index-top-cosign3"];
const ATTESTED = SIGNERS.map((by) => `attested-by-${by}`);
const UNSIGNED = ["unsigned", "stolen", "index-children-cosign3"];
const IMAGES = [...PLAIN, ...INDICES, ...KEYED_IMAGES, "two-keys", ...ATTESTED, ...UNSIGNED];
await publish(author, folder, [registry], IMAGES);
const config = await folder.write("pratique.yaml", stringify({ registries: [registrySettings(registry)] }));

/** A signature is asked for, or an attestation of a type. */
interface Asked {
  readonly key: KeyName;
  readonly attestation?: string;
}

interface Question extends Asked {
  readonly image: string;
}

/** A difference between a cosign and Pratique, and why it is there. */
interface Difference {
  readonly by: Signer;
  readonly cosign: "accepts" | "refuses";
  readonly asked: "signature" | "attestation";
  readonly images: RegExp;
  readonly keys?: readonly KeyName[];
  readonly reason: string;
}

const DIFFERENCES: readonly Difference[] = [
  { by: "cosign2", cosign: "refuses", asked: "signature", images: /-bundle|two-keys|^index-.*-cosign3$/, reason: "it does not read Sigstore bundles of signatures, also those that it writes" },
  { by: "cosign2", cosign: "refuses", asked: "signature", images: /-simple-signing-p/, reason: "it signs with a P-384 or P-521 key over SHA-384 or SHA-512, and verifies over SHA-256" },
  { by: "cosign2", cosign: "refuses", asked: "signature", images: /-simple-signing-ed25519$/, reason: "it signs with an Ed25519 key as Ed25519ph, and verifies in the pure form" },
  { by: "cosign2", cosign: "refuses", asked: "attestation", images: /^attested-by-cosign3$/, reason: "it reads an attestation's bundle only when it is told to (`--new-bundle-format`)" },
  { by: "cosign3", cosign: "refuses", asked: "signature", images: /-p(?:384|521)$/, reason: "it signs with a P-384 or P-521 key over SHA-384 or SHA-512, and verifies over SHA-256" },
  { by: "cosign3", cosign: "refuses", asked: "signature", images: /-ed25519$/, reason: "it signs with an Ed25519 key as Ed25519ph, and verifies in the pure form" },
  { by: "cosign3", cosign: "accepts", asked: "signature", images: /^attested-by-cosign3$/, reason: "it takes a bundle with any predicate for a signature; a signature is a statement with cosign's sign predicate, and an attestation has to be asked for" },
  { by: "cosign3", cosign: "refuses", asked: "signature", images: /^two-keys$/, keys: ["e2e"], reason: "it does not look at the `.sig` tag of an image that has any bundle" },
];

const ASKED: readonly (Asked & { readonly of: readonly string[] })[] = [
  ...KEYS.map((key) => ({ key, of: IMAGES })),
  ...(["e2e", "other"] as const).flatMap((key) => [SLSA, SPDX].map((attestation) => ({ key, attestation, of: [...ATTESTED, "unsigned"] }))),
];
const ACCEPTED = [
  ...[...PLAIN, ...INDICES].map((image) => `${image} e2e`),
  ...KEYED_IMAGES.map((image) => `${image} ${image.slice(image.lastIndexOf("-") + 1)}`),
  "two-keys e2e",
  "two-keys other",
  ...ATTESTED.map((image) => `${image} e2e ${SLSA}`),
];

t.test("every image of the suite by every key: signatures, and attestations by their type", async (t) => {
  const questions = ASKED.flatMap(({ of, ...asked }) => of.map((image): Question => ({ image, ...asked })));
  const ours = new Map<string, boolean>();
  for (const { of, ...asked } of ASKED) {
    const trusted = await pratique(asked, of);
    for (const image of of) ours.set(nameOf({ image, ...asked }), trusted.has(image));
  }
  t.same(questions.map(nameOf).filter((name) => ours.get(name)).toSorted(), ACCEPTED.toSorted(), "Pratique accepts each image by what has signed it, and by nothing else");
  const used = new Set<Difference>();
  for (const by of SIGNERS) {
    const theirs = await everyone(questions, ({ image, ...asked }) => author.verifies(`${registry.host}/${image}:1`, { by, layout: layoutOf(image), ...asked }));
    for (const [i, question] of questions.entries()) {
      const [mine, other] = [ours.get(nameOf(question)), theirs[i]];
      const difference = mine === other ? undefined : DIFFERENCES.find((each) => each.by === by && (each.cosign === "accepts") === other && isAbout(each, question));
      if (difference !== undefined) used.add(difference);
      else t.equal(other, mine, `${by} and Pratique on ${nameOf(question)}`);
    }
  }
  t.same(DIFFERENCES.filter((difference) => !used.has(difference)), [], "a difference that is no more is to be struck out");
});

t.test("the differences are documented", async (t) => {
  const page = readFileSync(join(CHECKOUT, "docs/compatibility.md"), "utf8");
  const table = /<!-- differences -->\n([^]*?)\n<!-- \/differences -->/.exec(page)?.[1];
  const rows = DIFFERENCES.map(({ by, cosign, reason }) => `| ${by === "cosign2" ? "cosign 2.6" : "cosign 3.1"} | ${cosign} | ${reason} |`);
  t.equal(table, ["| | what it does | why, and what Pratique does not do |", "|---|---|---|", ...rows].join("\n"));
});

function isAbout({ asked, images, keys }: Difference, { image, key, attestation }: Question): boolean {
  return (asked === "attestation") === (attestation !== undefined) && images.test(image) && (keys?.includes(key) ?? true);
}

function nameOf({ image, key, attestation }: Question): string {
  return [image, key, ...(attestation === undefined ? [] : [attestation])].join(" ");
}

/** Those of the images that `pratique check` passes. It looks at the digest that is named alone, as `cosign verify` does. */
async function pratique({ key, attestation }: Asked, images: readonly string[]): Promise<ReadonlySet<string>> {
  const authority = { name: "one", key: { data: author.publicKey(key) }, ...(attestation !== undefined && { attestations: [{ predicateType: attestation }] }) };
  const policy = { apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "differential" }, spec: { images: [{ glob: "**" }], authorities: [authority] } };
  const file = await folder.write("policy.yaml", stringify(policy));
  const args = [join(CHECKOUT, "src/main.ts"), "check", "--config", config, "--policy", file, "--index", "index", "--output", "json"];
  const { stdout } = await execute(process.execPath, [...args, ...images.map((image) => `${registry.host}/${image}:1`)]);
  const checked = JSON.parse(stdout) as { readonly images: readonly { readonly verdict: string }[] };
  return new Set(images.filter((_, i) => checked.images[i]?.verdict === "trusted"));
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
