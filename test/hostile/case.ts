import type { Reason } from "../../src/verdict/reason.ts";
import type { Digest } from "../../src/image/digest.ts";
import { imageManifest, push } from "../helpers/images.ts";
import type { RegistryDouble, RegistryOptions } from "../helpers/registry-double.ts";
import { type SigningKey, generateSigningKey } from "../helpers/signing-key.ts";

/** One way in which a registry lies, and what the webhook has to say of its image. */
export interface HostileCase {
  readonly name: string;
  /** How its registry is started. */
  readonly options?: RegistryOptions;
  /** `installation`: the webhook has a password for it. */
  readonly credentials?: "installation";
  /** The name under which the registry is asked, where it is not its address. */
  readonly alias?: string;
  /** What the configuration says of it, besides that it may be on loopback and without TLS. */
  readonly settings?: object;
  /** Puts the image `shop/bad` in place and says how it is named: `:v1`, `@sha256:...`. */
  readonly build: (registry: RegistryDouble, world: HostileWorld) => string;
  /** Why the image is refused, at level `signed` and at level `verified`; null where the attack must not keep a good image out. */
  readonly reason: Reason | null;
  /** The reason when the process as a whole has read too much of late, which other cases decide as well. */
  readonly otherwise?: Reason;
  /** What holds afterwards, besides. Throws when it does not. */
  readonly afterwards?: (registry: RegistryDouble, world: HostileWorld) => void;
}

/** What the cases share. */
export interface HostileWorld {
  /** A host that no registry's credentials and no requests to inner addresses may ever come to. */
  readonly thief: Thief;
}

export interface Thief {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `Authorization` of each request, `none` where there was none. */
  readonly heard: readonly string[];
}

export const BAD = "shop/bad";

/** The signer whom the policies of level `verified` accept. */
export const key: SigningKey = generateSigningKey();

/** An image of this case alone, pushed and not signed. */
export function unsigned(registry: RegistryDouble): Digest {
  return push(registry, BAD, imageManifest({ seed: "bad" }), "v1");
}
