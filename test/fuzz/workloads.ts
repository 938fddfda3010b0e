import * as fc from "fast-check";
import type { PodSchema } from "../helpers/pod-schema.ts";

/** Deeper than a Pod's spec goes down to any image. */
const MAX_DEPTH = 8;

/** A whole Pod's spec by the API server's own description: any fields, each of its type, and at least one container. */
export function podSpecs(schema: PodSchema): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const types = new Arbitraries(schema);
  const containers = fc.array(types.of("Container", 1), { minLength: 1, maxLength: 3 });
  return fc.tuple(types.of(schema.root, 0), containers).map(([spec, containers]) => Object.assign({}, spec, { containers }));
}

class Arbitraries {
  readonly #schema: PodSchema;

  constructor(schema: PodSchema) {
    this.#schema = schema;
  }

  of(type: string, depth: number): fc.Arbitrary<unknown> {
    if (type.endsWith("[]")) return fc.array(this.of(type.slice(0, -2), depth), { maxLength: 3 });
    if (type.endsWith("{}")) return fc.dictionary(fc.string({ maxLength: 8 }), this.of(type.slice(0, -2), depth), { maxKeys: 2 });
    const fields = this.#schema.types[type];
    if (fields !== undefined) return depth > MAX_DEPTH ? fc.constant({}) : this.#object(fields, depth);
    if (type === "integer") return fc.integer();
    if (type === "boolean") return fc.boolean();
    if (type === "string") return fc.string({ maxLength: 12 });
    return fc.oneof(fc.string({ maxLength: 6 }), fc.integer());
  }

  // What names an image is there more often than not; everything else now and then, or an object would never end.
  #object(fields: Readonly<Record<string, string>>, depth: number): fc.Arbitrary<unknown> {
    const entries = Object.entries(fields).map(([name, type]) => {
      const present = fc.constant(null).chain(() => this.of(type, depth + 1));
      const weight = isOnTheWay(name) ? 4 : 0.25;
      return [name, fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: present, weight: weight * 4 })] as const;
    });
    return fc.record(Object.fromEntries(entries)).map((object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));
  }
}

function isOnTheWay(name: string): boolean {
  return /image|reference|containers|volumes|^name$/i.test(name);
}
