/** What was read of a cluster, or why it was not: what nobody has seen is never taken for well. */
export type Seen<Value> = { readonly kind: "seen"; readonly value: Value } | { readonly kind: "unseen"; readonly why: string };

export function seen<Value>(value: Value): Seen<Value> {
  return { kind: "seen", value };
}

/** What was seen; nothing to conclude from where it was not, which is reported by itself. */
export function whenSeen<Value, Result>(state: Seen<Value>, conclude: (value: Value) => readonly Result[]): readonly Result[] {
  return state.kind === "seen" ? conclude(state.value) : [];
}

/** The same with something else made of what was seen. */
export function mapped<Value, Result>(state: Seen<Value>, make: (value: Value) => Result): Seen<Result> {
  return state.kind === "seen" ? seen(make(state.value)) : state;
}
