import { arrayField, field, isObject, type JsonObject, objectField, stringField } from "../json.ts";

/** An object as an Event or a person names it. Kind and name of a controller are what somebody wrote. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The one `ownerReferences` entry that is marked as the controller. It is a name to show; no verdict rests on it. */
export function controllerOf(object: JsonObject): ObjectReference | undefined {
  const references = arrayField(objectField(object, "metadata") ?? {}, "ownerReferences") ?? [];
  const reference = references.find((each) => isObject(each) && field(each, "controller") === true);
  return isObject(reference) ? named(reference) : undefined;
}

/** The reference to an object. In a list an object has neither `apiVersion` nor `kind`. */
export function referenceTo(object: JsonObject, type: Pick<ObjectReference, "apiVersion" | "kind">): ObjectReference {
  return named({ ...objectField(object, "metadata"), ...type });
}

/** `apps/v1`, and `v1` for the core group. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

function named(object: JsonObject): ObjectReference {
  const text = (name: string): string => stringField(object, name) ?? "";
  return { apiVersion: text("apiVersion"), kind: text("kind"), name: text("name"), uid: text("uid") };
}
