import { type Reference, quote } from "../image/reference.ts";
import type { Verdict } from "../verdict/verdict.ts";

/** What the configuration admits without looking (`exemptions`). Nothing on an object or a namespace adds to it. */
export interface Exemptions {
  readonly namespaces: ReadonlySet<string>;
  /** The text of the glob that exempts an image; undefined when none does. */
  readonly exemptImage: (reference: Reference) => string | undefined;
}

export function exemptImageVerdict(reference: Reference, exemptions: Exemptions): Verdict | undefined {
  const glob = exemptions.exemptImage(reference);
  if (glob === undefined) return undefined;
  return { kind: "exempt", reason: "ExemptImage", detail: `the configuration exempts ${glob}` };
}

export function exemptNamespaceLine(namespace: string): string {
  return `the configuration exempts namespace ${quote(namespace)} (ExemptNamespace)`;
}
