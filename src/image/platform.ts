import { type JsonObject, stringField } from "../json.ts";

/** `os/architecture[/variant]` of a descriptor (OCI image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

export function decodePlatform(object: JsonObject): Platform {
  return {
    os: stringField(object, "os") ?? "",
    architecture: stringField(object, "architecture") ?? "",
    variant: stringField(object, "variant"),
  };
}

/** `linux/arm64` or `linux/arm/v7`; undefined for a text of another shape. */
export function parsePlatform(text: string): Platform | undefined {
  const [os, architecture, variant, ...rest] = text.split("/");
  if (!os || !architecture || variant === "" || rest.length > 0) return undefined;
  return { os, architecture, variant };
}

/** A platform's name for people; a registry's text, so anything but plain characters is replaced. */
export function platformName(platform: Platform | undefined): string {
  if (platform === undefined) return "unknown platform";
  const parts = [platform.os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])];
  return parts.map((part) => part.slice(0, 32).replace(/[^A-Za-z0-9._-]/g, "?") || "?").join("/");
}

/** BuildKit writes its attestations into the index as `unknown/unknown`, exactly. */
export function isBuildAttestation(platform: Platform | undefined): boolean {
  return platform !== undefined && platform.os === "unknown" && platform.architecture === "unknown" && platform.variant === undefined;
}

/** Whether a filter's entry covers a platform: an entry without variant covers every variant. */
export function coversPlatform(entry: Platform, platform: Platform): boolean {
  return (
    entry.os === platform.os &&
    entry.architecture === platform.architecture &&
    (entry.variant === undefined || entry.variant === platform.variant)
  );
}
