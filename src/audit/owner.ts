import type { ObjectReference } from "../admission/object-reference.ts";

/** More than any chain of controllers has, should references lead in a circle. */
const MAX_DEPTH = 8;

/**
 * Who controls whom, from lists alone. An object whose controller was not listed, an Argo Rollout say, is followed as far
 * as its own reference names it. It is a name to show and to count by; no verdict rests on it.
 */
export class Owners {
  readonly #controllers = new Map<string, ObjectReference>();

  /** Remembers that the object `uid` of a namespace is controlled. */
  add(namespace: string, uid: string, controller: ObjectReference): void {
    this.#controllers.set(`${namespace}/${uid}`, controller);
  }

  /** The controller above all that are known. */
  top(namespace: string, object: ObjectReference): ObjectReference {
    let top = object;
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      const controller = this.#controllers.get(`${namespace}/${top.uid}`);
      if (controller === undefined) break;
      top = controller;
    }
    return top;
  }
}
