import { field, isObject, type JsonObject, arrayField, objectField, stringField } from "../json.ts";

/** An object as an Event or a person names it. Kind and name of one that was not listed are what somebody wrote. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** More than any chain of controllers has, should references lead in a circle. */
const MAX_DEPTH = 8;

/**
 * Who controls whom, from lists alone. An object whose controller was not listed, an Argo Rollout say, is followed as far
 * as its own reference names it. It is a name to show and to count by; no verdict rests on it.
 */
export class Owners {
  readonly #controllers = new Map<string, Owner>();

  /** Remembers that the object `uid` of a namespace is controlled. */
  add(namespace: string, uid: string, controller: Owner): void {
    this.#controllers.set(`${namespace}/${uid}`, controller);
  }

  /** The controller above all that are known. */
  top(namespace: string, owner: Owner): Owner {
    let top = owner;
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      const controller = this.#controllers.get(`${namespace}/${top.uid}`);
      if (controller === undefined) break;
      top = controller;
    }
    return top;
  }
}

/** The one `ownerReferences` entry that is marked as the controller. */
export function controllerOf(metadata: JsonObject): Owner | undefined {
  const reference = (arrayField(metadata, "ownerReferences") ?? []).find((each) => isObject(each) && field(each, "controller") === true);
  return isObject(reference) ? ownerOf(reference) : undefined;
}

/** Of an object without its `apiVersion` and `kind`, as a list has it. */
export function ownerOfItem(object: JsonObject, { apiVersion, kind }: Pick<Owner, "apiVersion" | "kind">): Owner {
  return ownerOf({ ...objectField(object, "metadata"), apiVersion, kind });
}

function ownerOf(named: JsonObject): Owner {
  const text = (name: string): string => stringField(named, name) ?? "";
  return { apiVersion: text("apiVersion"), kind: text("kind"), name: text("name"), uid: text("uid") };
}
