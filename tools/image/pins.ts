// Which Debian packages the image takes files from: `npm run image:pins` writes debian-pins.json.
import pins from "./debian-pins.json" with { type: "json" };
import type { Platform } from "./platform.ts";

/** A Debian package, to the last byte. */
export interface Pin {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** `debian`, or `debian-security`. */
  readonly archive: string;
  /** Where it lies in that archive: `pool/main/...`. */
  readonly path: string;
  /** In hex. */
  readonly sha256: string;
}

/** Debian 12, whose archive hardly changes any more, so that what is pinned stays there; security updates come until June 2028 (ADR 17). */
export const SUITE = "bookworm";
/** As package URLs and scanners call it. */
export const DISTRIBUTION = "debian-12";

/** When the pins were written, as snapshot.debian.org writes it: it has all that Debian's archives held then. */
export const SNAPSHOT: string = pins.snapshot;

export function pinsFor({ architecture }: Platform): readonly Pin[] {
  return pins.packages.filter((pin) => pin.architecture === architecture);
}
