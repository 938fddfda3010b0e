import { ENTRIES } from "../../admission/entry.ts";
import { OPERATIONS } from "../../admission/review.ts";
import { canonicalHost } from "../../image/reference.ts";

/** What a label says of a value that is not on its list. */
export const OTHER = "other";

const STATUSES: ReadonlySet<string> = new Set(["200", "400", "401", "403", "404", "405", "412", "429", "500", "501", "502", "503", "504", "error"]);

/**
 * Closes the label sets: whoever writes Pods or runs a registry chooses hosts and status codes, and must not be able to
 * make a new series with each.
 */
export class LabelValues {
  readonly #entries: ReadonlySet<string> = new Set(["validate", ...ENTRIES]);
  readonly #operations: ReadonlySet<string> = new Set(OPERATIONS);
  readonly #hosts: ReadonlySet<string>;

  /** `hosts`: the registries of the configuration. */
  constructor(hosts: readonly string[]) {
    this.#hosts = new Set(hosts.map(canonicalHost));
  }

  /** Every value that the label `registry` has. */
  get registries(): readonly string[] {
    return [...this.#hosts, OTHER];
  }

  entry(text: string): string {
    return known(this.#entries, text);
  }

  operation(text: string): string {
    return known(this.#operations, text);
  }

  registry(host: string): string {
    return known(this.#hosts, canonicalHost(host));
  }

  status(status: number | "error"): string {
    return known(STATUSES, String(status));
  }
}

function known(values: ReadonlySet<string>, text: string): string {
  return values.has(text) ? text : OTHER;
}
