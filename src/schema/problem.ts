/** One thing that is wrong with a document that a person wrote. */
export interface Problem {
  /** `registries[0].host`, a flag (`--listen`), `line 3, column 5` of a text that is not YAML, or "" for the whole. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** The steps from the root to a value. */
export type Path = readonly (string | number)[];

/** `registries[0].host`; a key that is not a plain word is quoted: `namespaces.shop["pratique.dev/enforce"]`. */
export function pathText(path: Path): string {
  return path.map(stepText).join("").replace(/^\./, "");
}

function stepText(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
