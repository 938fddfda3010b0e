// The images that the cases name, and who signed what of them. A case writes `${plain}/unsigned:1`.
import { join } from "node:path";
import type { Digest } from "../../src/image/digest.ts";
import { type Author, type KeyName, KEYS, type Layout, LAYOUTS, type Signer, SIGNERS } from "./author.ts";
import { type Content, image, index, writeLayout } from "./content.ts";
import type { Folder } from "./folder.ts";
import type { Registry, RegistryName } from "./registries.ts";

/** What is attached to an image. `of` is a platform of an index; without it, the image or the index itself. */
type Attachment =
  | { readonly kind: "signature"; readonly by: Signer; readonly layout: Layout; readonly scope: "recursive" | "top"; readonly of?: string; readonly key?: KeyName; /** A repository of the same registry. */ readonly into?: string }
  | { readonly kind: "attestation"; readonly by: Signer }
  /** The `.sig` tag of another image of the catalogue, copied. */
  | { readonly kind: "stolen"; readonly from: string };

interface Entry {
  readonly name: string;
  readonly content: Content;
  readonly attached: readonly Attachment[];
  readonly in: readonly RegistryName[];
  /** Published only where it is asked for by its name. */
  readonly isSpecial?: true;
}

const EVERYWHERE: readonly RegistryName[] = ["referrers", "plain", "htpasswd", "token"];
const OPEN: readonly RegistryName[] = ["referrers", "plain"];
const BOTH_PLATFORMS = ["amd64", "arm64"];

/** Layouts in which a key of each kind signs: what differs between them is how cosign hashes. */
const KEYED_LAYOUTS = ["simple-signing", "bundle"] as const;
const KEYED = SIGNERS.flatMap((by) =>
  KEYED_LAYOUTS.flatMap((layout) => KEYS.filter((key) => key !== "e2e").map((key) => special(`${by}-${layout}-${key}`, [{ ...top(by, layout), key }]))),
);

const ENTRIES: readonly Entry[] = [
  { name: "unsigned", content: image("unsigned"), attached: [], in: EVERYWHERE },
  // By name and order: a stolen signature needs its owner to be there before.
  ...SIGNERS.flatMap((by) => LAYOUTS.map((layout) => single(`${by}-${layout}`, [top(by, layout)], EVERYWHERE))),
  ...SIGNERS.map((by) => single(`attested-by-${by}`, [{ kind: "attestation", by }], OPEN)),
  single("stolen", [{ kind: "stolen", from: "cosign2-simple-signing" }], OPEN),
  multi("index-unsigned", []),
  ...SIGNERS.flatMap((by) => [
    multi(`index-recursive-${by}`, [{ ...usual(by), scope: "recursive" }]),
    multi(`index-top-${by}`, [usual(by)]),
    multi(`index-children-${by}`, [{ ...usual(by), of: "linux/amd64" }, { ...usual(by), of: "linux/arm64" }]),
    multi(`index-partial-${by}`, [usual(by), { ...usual(by), of: "linux/amd64" }]),
  ]),
  { name: "index-buildkit", content: index("index-buildkit", [...BOTH_PLATFORMS, "unknown"]), attached: [usual("cosign3"), { ...usual("cosign3"), of: "linux/amd64" }, { ...usual("cosign3"), of: "linux/arm64" }], in: OPEN },
  { name: "index-of-nothing", content: index("index-of-nothing", ["unknown"]), attached: [usual("cosign3")], in: OPEN },
  ...KEYED,
  special("two-keys", [usual("cosign2"), { ...usual("cosign3"), key: "other" }]),
  special("elsewhere", [{ ...usual("cosign2"), into: "signatures" }]),
  special("index-two-keys", [{ ...usual("cosign2"), scope: "recursive" }, { ...usual("cosign3"), scope: "recursive", key: "other" }], index("index-two-keys", BOTH_PLATFORMS)),
];

/** The images that are signed with a key of each kind. */
export const KEYED_IMAGES: readonly string[] = KEYED.map(({ name }) => name);

/** Digests by `name`, and by `name/linux/arm64` for the platforms of an index. */
export type Digests = ReadonlyMap<string, Digest>;

/** Pushes and signs the whole catalogue, or the images that are named. */
export async function publish(author: Author, folder: Folder, registries: readonly Registry[], names?: readonly string[]): Promise<Digests> {
  const wanted = ENTRIES.filter(({ name, isSpecial }) => (names === undefined ? isSpecial === undefined : names.includes(name)));
  for (const { name, content } of wanted) await writeLayout(join(folder.path, "layouts", name), content);
  await Promise.all(registries.map((registry) => publishTo(registry, author, folder, wanted)));
  return new Map(wanted.flatMap(({ name, content }) => digestsOf(name, content)));
}

async function publishTo(registry: Registry, author: Author, folder: Folder, entries: readonly Entry[]): Promise<void> {
  for (const { name, content, attached } of entries.filter((entry) => entry.in.includes(registry.name))) {
    await author.crane("push", join(folder.path, "layouts", name), `${registry.host}/${name}:1`);
    for (const attachment of attached) await attach(registry, author, { name, content, attachment });
  }
}

async function attach(registry: Registry, author: Author, { name, content, attachment }: { name: string; content: Content; attachment: Attachment }): Promise<void> {
  const repository = `${registry.host}/${name}`;
  switch (attachment.kind) {
    case "signature": {
      const subject = attachment.of === undefined ? content.digest : content.platforms.get(attachment.of);
      return author.sign(`${repository}@${subject}`, { ...attachment, ...(attachment.into && { into: `${registry.host}/${attachment.into}` }) });
    }
    case "attestation":
      return author.attest(`${repository}@${content.digest}`, attachment.by);
    case "stolen": {
      const owner = ENTRIES.find((entry) => entry.name === attachment.from);
      if (owner === undefined) throw new Error(`no image ${attachment.from}`);
      await author.crane("copy", `${registry.host}/${attachment.from}:${signatureTag(owner.content.digest)}`, `${repository}:${signatureTag(content.digest)}`);
    }
  }
}

function single(name: string, attached: readonly Attachment[], where: readonly RegistryName[]): Entry {
  return { name, content: image(name), attached, in: where };
}

function special(name: string, attached: readonly Attachment[], content = image(name)): Entry {
  return { name, content, attached, in: ["referrers"], isSpecial: true };
}

function multi(name: string, attached: readonly Attachment[]): Entry {
  return { name, content: index(name, BOTH_PLATFORMS), attached, in: OPEN };
}

function top(by: Signer, layout: Layout) {
  return { kind: "signature", by, layout, scope: "top" } as const;
}

/** The layout that each cosign writes when nobody asks for another. */
function usual(by: Signer) {
  return top(by, by === "cosign2" ? "simple-signing" : "bundle");
}

function signatureTag(digest: Digest): string {
  return `${digest.replace(":", "-")}.sig`;
}

function digestsOf(name: string, content: Content): readonly (readonly [string, Digest])[] {
  return [[name, content.digest], ...[...content.platforms].map(([platform, digest]) => [`${name}/${platform}`, digest] as const)];
}
