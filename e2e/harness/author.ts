// The author of images: has crane, both cosigns, keys of every kind and the passwords of the registries.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { program } from "../programs.ts";
import type { Folder } from "./folder.ts";
import { execute, succeed } from "./process.ts";
import type { Registry } from "./registries.ts";

export const SIGNERS = ["cosign2", "cosign3"] as const;
export type Signer = (typeof SIGNERS)[number];

export const LAYOUTS = ["simple-signing", "oci-1-1", "bundle"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** `e2e` is made by cosign itself, like the keys of most people; the others are imported into it. */
export const KEYS = ["e2e", "other", "p384", "p521", "rsa", "ed25519"] as const;
export type KeyName = (typeof KEYS)[number];

export interface Signing {
  readonly by: Signer;
  readonly layout: Layout;
  /** An index and everything in it (`--recursive`), or the one digest alone. */
  readonly scope: "recursive" | "top";
  /** `e2e` when absent. */
  readonly key?: KeyName;
  /** `COSIGN_REPOSITORY`: where the signature goes; beside the image when absent. */
  readonly into?: string;
  /** `--attachment-tag-prefix`: what the tag begins with. */
  readonly tagPrefix?: string;
}

/** What `cosign verify` is asked. */
export interface Verifying {
  readonly by: Signer;
  readonly key: KeyName;
  /** Both cosigns look for a referrer of the older kind only when they are told to, and cosign 3 for `.sig` only where there is no bundle. */
  readonly layout: Layout;
  /** The type of an attestation that is asked for in place of a signature. */
  readonly attestation?: string;
}

export interface Author {
  crane(...args: readonly string[]): Promise<string>;
  sign(reference: string, options: Signing): Promise<void>;
  /** Attaches an attestation and no signature. */
  attest(reference: string, by: Signer): Promise<void>;
  /** Whether `cosign verify` accepts it. */
  verifies(reference: string, options: Verifying): Promise<boolean>;
  /** PEM. */
  publicKey(name: KeyName): string;
}

// Flags under which neither cosign asks anything of the network but the registry.
const OFFLINE: Readonly<Record<Signer, readonly string[]>> = {
  cosign2: ["--tlog-upload=false"],
  cosign3: ["--tlog-upload=false", "--use-signing-config=false"],
};

const LAYOUT_FLAGS: Readonly<Record<Layout, readonly string[]>> = {
  "simple-signing": ["--new-bundle-format=false"],
  "oci-1-1": ["--new-bundle-format=false", "--registry-referrers-mode=oci-1-1"],
  bundle: ["--new-bundle-format=true"],
};

const EXPERIMENTAL = { COSIGN_EXPERIMENTAL: "1" };

const VERIFY_FLAGS: Readonly<Record<Signer, Readonly<Record<Layout, readonly string[]>>>> = {
  cosign2: { "simple-signing": [], "oci-1-1": ["--experimental-oci11"], bundle: [] },
  cosign3: { "simple-signing": ["--new-bundle-format=false"], "oci-1-1": ["--new-bundle-format=false", "--experimental-oci11"], bundle: [] },
};

/** Makes throw-away keys and logs in to the registries. Everything is kept in the folder. */
export async function createAuthor(folder: Folder, registries: readonly Registry[]): Promise<Author> {
  const dockerConfig = join(folder.path, "docker");
  await mkdir(dockerConfig);
  await folder.write("docker/config.json", dockerConfigJson(registries));
  const keyOf = (name: KeyName): string => join(folder.path, name);
  const env = { COSIGN_PASSWORD: "", COSIGN_YES: "true", DOCKER_CONFIG: dockerConfig, HOME: folder.path, SIGSTORE_NO_CACHE: "true" };
  const run = (name: Signer | "crane", args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    succeed(program(name), args, { env: { ...env, ...more } });
  await run("cosign3", ["generate-key-pair", "--output-key-prefix", keyOf("e2e")]);
  for (const [name, privateKey] of importedKeys()) {
    const file = await folder.write(`${name}.pem`, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    await run("cosign3", ["import-key-pair", "--key", file, "--output-key-prefix", keyOf(name)]);
  }
  const publicKeys = new Map(await Promise.all(KEYS.map(async (name) => [name, await readFile(`${keyOf(name)}.pub`, "utf8")] as const)));
  const predicate = await folder.write("predicate.json", '{"buildDefinition":{},"runDetails":{}}');
  return {
    crane: (...args) => run("crane", args),
    publicKey: (name) => publicKeys.get(name) ?? "",
    sign: async (reference, { by, layout, scope, key = "e2e", into, tagPrefix }) => {
      const flags = [...OFFLINE[by], ...LAYOUT_FLAGS[layout], ...(tagPrefix === undefined ? [] : [`--attachment-tag-prefix=${tagPrefix}`]), ...(scope === "recursive" ? ["--recursive"] : [])];
      const more = { ...(layout === "oci-1-1" ? EXPERIMENTAL : {}), ...(into === undefined ? {} : { COSIGN_REPOSITORY: into }) };
      await run(by, ["sign", "--yes", "--key", `${keyOf(key)}.key`, ...flags, reference], more);
    },
    attest: async (reference, by) => {
      await run(by, ["attest", "--yes", "--key", `${keyOf("e2e")}.key`, ...OFFLINE[by], "--type", "slsaprovenance1", "--predicate", predicate, reference]);
    },
    verifies: async (reference, { by, key, layout, attestation }) => {
      const question = attestation === undefined ? ["verify"] : ["verify-attestation", "--type", attestation];
      const flags = attestation === undefined ? VERIFY_FLAGS[by][layout] : [];
      const args = [...question, "--key", `${keyOf(key)}.pub`, "--insecure-ignore-tlog=true", ...flags, reference];
      return (await execute(program(by), args, { env: { ...env, ...(layout === "oci-1-1" ? EXPERIMENTAL : {}) } })).status === 0;
    },
  };
}

function importedKeys(): readonly (readonly [KeyName, KeyObject])[] {
  return [
    ["other", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey],
    ["p384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
    ["p521", generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
    ["rsa", generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey],
    ["ed25519", generateKeyPairSync("ed25519").privateKey],
  ];
}

/** A docker configuration with the accounts of the registries, as pull secrets hold it too. */
export function dockerConfigJson(registries: readonly Registry[]): string {
  const auths = registries.flatMap(({ host, account }) =>
    account === undefined ? [] : [[host, { auth: Buffer.from(`${account.username}:${account.password}`).toString("base64") }] as const],
  );
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}
