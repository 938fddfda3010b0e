import type { Digest } from "../src/image/digest.ts";
import { attestBundle, signBundle } from "../test/helpers/cosign-bundle.ts";
import { signLegacy } from "../test/helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../test/helpers/images.ts";
import type { RegistryDouble } from "../test/helpers/registry-double.ts";
import { generateSigningKey, type SigningKey } from "../test/helpers/signing-key.ts";

/** One image of the demo, and what a person is told about it. */
export interface Ship {
  /** The reference, in the demo's own registry. */
  readonly image: string;
  readonly carries: string;
}

/** What a test may change about the fleet: the digest that a signature claims. */
export interface Tampering {
  readonly claim: (ship: string, digest: Digest) => string;
}

export const UNTOUCHED: Tampering = { claim: (_ship, digest) => digest };

/** The images in the order of the table, and the key that signs for the shop, as PEM. */
export interface Fleet {
  readonly ships: readonly Ship[];
  readonly releaseKey: string;
}

/** Pushes one image of each kind, signed the way cosign writes it. */
export function pushFleet(registry: RegistryDouble, { claim }: Tampering = UNTOUCHED): Fleet {
  const key = generateSigningKey();
  const stranger = generateSigningKey();
  const launch = (name: string, carries: string, build: (repository: string) => void): Ship => {
    build(`shop/${name}`);
    return { image: `${registry.host}/shop/${name}:1.0`, carries };
  };
  const ships = [
    launch("api", "signed, as cosign 2 does it", (repository) => {
      const digest = single(registry, repository);
      signLegacy(registry, repository, digest, { key, claims: claim("api", digest) });
    }),
    launch("web", "signed, as cosign 3 does it", (repository) => {
      const digest = single(registry, repository);
      signBundle(registry, repository, digest, { key, claims: claim("web", digest) });
    }),
    launch("worker", "an index, signed with --recursive", (repository) => {
      const { index, children } = multi(registry, repository);
      for (const digest of [index, ...children]) signBundle(registry, repository, digest, { key, claims: claim("worker", digest) });
    }),
    launch("cache", "an index, signed at the top only", (repository) => {
      const { index } = multi(registry, repository);
      signLegacy(registry, repository, index, { key, claims: claim("cache", index) });
    }),
    launch("search", "an index, linux/arm64 unsigned", (repository) => {
      const { index, children } = multi(registry, repository);
      for (const digest of [index, ...children.slice(0, 1)]) signLegacy(registry, repository, digest, { key, claims: claim("search", digest) });
    }),
    launch("debug", "nothing", (repository) => void single(registry, repository)),
    launch("report", "an attestation only", (repository) => {
      attestBundle(registry, repository, single(registry, repository), { key });
    }),
    launch("mail", "a signature copied from another image", (repository) => copySignature(registry, repository, key)),
    launch("plugin", "signed with a key that nobody knows", (repository) => {
      signBundle(registry, repository, single(registry, repository), { key: stranger });
    }),
  ];
  return { ships, releaseKey: key.publicKey };
}

function single(registry: RegistryDouble, repository: string): Digest {
  return push(registry, repository, imageManifest({ seed: repository }), "1.0");
}

function multi(registry: RegistryDouble, repository: string): { readonly index: Digest; readonly children: readonly Digest[] } {
  const platforms = ["linux/amd64", "linux/arm64"];
  const entries = platforms.map((platform) => ({ image: imageManifest({ seed: `${repository} ${platform}`, platform }), platform }));
  return pushIndex(registry, repository, entries, "1.0");
}

function copySignature(registry: RegistryDouble, repository: string, key: SigningKey): void {
  const signed = push(registry, repository, imageManifest({ seed: `${repository} before` }), "0.9");
  signLegacy(registry, repository, single(registry, repository), { key, claims: signed });
}
