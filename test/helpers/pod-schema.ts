import { fixture } from "./layouts.ts";

/**
 * What a Pod's spec may hold, as a real API server describes it. Types by name, and their fields: `Container[]` is a list,
 * `string{}` a map, `any` is whatever has no fields of its own.
 */
export interface PodSchema {
  readonly root: string;
  readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function recordedPodSchema(): PodSchema {
  return JSON.parse(fixture("pod-schema.json").toString("utf8")) as PodSchema;
}

/** Whether this is a field that names what is to be run, by its name; the volumes of Ceph have images as well, of disks. */
export function namesAnImage(path: string): boolean {
  return /\.(image|reference)$/.test(path) && !path.endsWith(".rbd.image");
}

/** Every path from a Pod's spec to a field of a plain type: `containers[].image`, `nodeSelector{}`. */
export function fieldPaths({ root, types }: PodSchema): readonly string[] {
  const walk = (type: string, path: string): readonly string[] => {
    const base = type.replace(/(\[\]|\{\})+$/, "");
    const at = path + type.slice(base.length);
    const fields = types[base];
    return fields === undefined ? [at] : Object.entries(fields).flatMap(([name, inner]) => walk(inner, `${at}.${name}`));
  };
  return walk(root, "");
}
