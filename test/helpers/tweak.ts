/** A deep copy that `change` may alter at will: "a minimal valid object, plus one change". */
export function tweak<Value>(value: Value, change: (copy: Value) => void): Value {
  const copy = structuredClone(value);
  change(copy);
  return copy;
}

/**
 * A deep copy with one field set, whatever its type: `withField(review, "request.object.spec.containers.0.image", 42)`.
 * The path's parent has to exist, so that a misspelt path fails the test instead of changing nothing.
 */
export function withField<Value>(value: Value, path: string, content: unknown): Value {
  return tweak(value, (copy) => {
    const { parent, key } = locate(copy, path);
    parent[key] = content;
  });
}

/** A deep copy without one field, which has to exist. */
export function withoutField<Value>(value: Value, path: string): Value {
  return tweak(value, (copy) => {
    const { parent, key } = locate(copy, path);
    if (!Reflect.has(parent, key)) throw new RangeError(`nothing to leave out at ${path}`);
    Reflect.deleteProperty(parent, key);
  });
}

type Container = Record<string, unknown>;

function locate(root: unknown, path: string): { parent: Container; key: string } {
  const keys = path.split(".");
  const key = keys.pop() ?? "";
  const parent = keys.reduce<unknown>((at, step) => (isContainer(at) ? at[step] : undefined), root);
  if (!isContainer(parent)) throw new RangeError(`there is no ${keys.join(".")} to change`);
  return { parent, key };
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}
