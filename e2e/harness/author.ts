// The author of images: has crane, both cosigns, a key and the passwords of the registries.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { program } from "../programs.ts";
import type { Folder } from "./folder.ts";
import { succeed } from "./process.ts";
import type { Registry } from "./registries.ts";

export const SIGNERS = ["cosign2", "cosign3"] as const;
export type Signer = (typeof SIGNERS)[number];

export const LAYOUTS = ["simple-signing", "oci-1-1", "bundle"] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface Signing {
  readonly by: Signer;
  readonly layout: Layout;
  /** An index and everything in it (`--recursive`), or the one digest alone. */
  readonly scope: "recursive" | "top";
}

export interface Author {
  crane(...args: readonly string[]): Promise<string>;
  sign(reference: string, options: Signing): Promise<void>;
  /** Attaches an attestation and no signature. */
  attest(reference: string, by: Signer): Promise<void>;
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

/** Makes a throw-away key and logs in to the registries. Everything is kept in the folder. */
export async function createAuthor(folder: Folder, registries: readonly Registry[]): Promise<Author> {
  const dockerConfig = join(folder.path, "docker");
  await mkdir(dockerConfig);
  await folder.write("docker/config.json", dockerConfigJson(registries));
  const key = join(folder.path, "e2e");
  const env = { COSIGN_PASSWORD: "", COSIGN_YES: "true", DOCKER_CONFIG: dockerConfig, HOME: folder.path, SIGSTORE_NO_CACHE: "true" };
  const run = (name: Signer | "crane", args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    succeed(program(name), args, { env: { ...env, ...more } });
  await run("cosign3", ["generate-key-pair", "--output-key-prefix", key]);
  const predicate = await folder.write("predicate.json", '{"buildDefinition":{},"runDetails":{}}');
  return {
    crane: (...args) => run("crane", args),
    sign: async (reference, { by, layout, scope }) => {
      const flags = [...OFFLINE[by], ...LAYOUT_FLAGS[layout], ...(scope === "recursive" ? ["--recursive"] : [])];
      await run(by, ["sign", "--yes", "--key", `${key}.key`, ...flags, reference], layout === "oci-1-1" ? { COSIGN_EXPERIMENTAL: "1" } : {});
    },
    attest: async (reference, by) => {
      await run(by, ["attest", "--yes", "--key", `${key}.key`, ...OFFLINE[by], "--type", "slsaprovenance1", "--predicate", predicate, reference]);
    },
  };
}

/** A docker configuration with the accounts of the registries, as pull secrets hold it too. */
export function dockerConfigJson(registries: readonly Registry[]): string {
  const auths = registries.flatMap(({ host, account }) =>
    account === undefined ? [] : [[host, { auth: Buffer.from(`${account.username}:${account.password}`).toString("base64") }] as const],
  );
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}
