import { field, type JsonObject, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { objectsIn } from "./fields.ts";
import type { Findings } from "./finding.ts";

/** An object of a list, under its name. */
export interface Named {
  readonly name: string;
  readonly object: JsonObject;
  readonly path: Path;
}

export interface Roots {
  readonly authorities: readonly { readonly name: string; readonly key: object }[];
  /** How many there are in the source: one that is left out counts, so that nobody's signature takes its place. */
  readonly count: number;
}

/** The trust roots of a cosign validator that a rule names; `*` is all of them. */
export function rootsOf({ object, path }: Named, wanted: string, findings: Findings): Roots {
  readValidator(object, path, findings);
  const all = objectsIn(object, "trustRoots").map((root, i): Named => ({ name: stringField(root, "name") ?? "default", object: root, path: [...path, "trustRoots", i] }));
  const roots = all.filter(({ name }) => wanted === "*" || name === wanted);
  return { authorities: roots.flatMap((root) => authorityOf(root, findings)), count: roots.length };
}

function readValidator(validator: JsonObject, path: Path, findings: Findings): void {
  findings.unknown(validator, ["name", "type", "trustRoots", "host", "auth", "cert"], path);
  if (field(validator, "auth") !== undefined) findings.add([...path, "auth"], "note", "is not carried: the pull secrets of a Pod or its service account are used, or the installation's");
  if (field(validator, "cert") !== undefined) findings.add([...path, "cert"], "note", "is said by `registries[].caFile` of the configuration");
}

function authorityOf({ name, object, path }: Named, findings: Findings): Roots["authorities"] {
  const key = stringField(object, "key") ?? "";
  if (key.includes("-----BEGIN")) return [{ name, key: { data: key } }];
  const why = field(object, "keyless") === undefined ? "is no key that can be read here (a key service?): it is left out; export the public key with `cosign public-key --key <the URI>`" : "is not there yet: it is left out, and what it signed is no longer trusted";
  findings.add([...path, field(object, "keyless") === undefined ? "key" : "keyless"], "stricter", why);
  return [];
}
