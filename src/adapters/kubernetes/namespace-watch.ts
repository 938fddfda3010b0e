import type { LabelMap, Namespaces } from "../../admission/ports.ts";
import type { Call } from "../../inspection/ports.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { DirectNamespaces, NAMESPACES_PATH, parseNamespace } from "./direct-namespaces.ts";
import { MAX_AGE_SECONDS, Reflector, type ReflectorOptions } from "./reflector.ts";

/**
 * The labels of all namespaces, from a watch while it is young, and by a GET for a namespace that it has not seen or
 * once it has been silent for more than 60 s.
 */
export class NamespaceWatch implements Namespaces {
  /** Resolves with the first complete list, and never rejects. */
  readonly synced: Promise<void>;
  readonly #direct: DirectNamespaces;
  readonly #reflector: Reflector<LabelMap>;

  constructor(client: ClusterClient, options: ReflectorOptions) {
    this.#direct = new DirectNamespaces(client, options.timer);
    this.#reflector = new Reflector(client, { resource: "namespaces", path: NAMESPACES_PATH, parse: parseNamespace }, options);
    this.synced = this.#reflector.synced;
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  /** Whether there has been a complete list. */
  ready(): boolean {
    return this.#reflector.ready();
  }

  /** For `pratique_watch_age_seconds{resource="namespaces"}`; infinite before the first list. */
  ageSeconds(): number {
    return this.#reflector.ageSeconds();
  }

  /** What the watch last saw of a namespace, however old; undefined when there is none. */
  known(namespace: string): LabelMap | undefined {
    return this.#reflector.get(namespace);
  }

  /** What the watch last saw of all of them. */
  all(): Iterable<readonly [name: string, labels: LabelMap]> {
    return this.#reflector.entries();
  }

  async labels(namespace: string, call: Call): Promise<LabelMap> {
    const known = this.#reflector.ageSeconds() <= MAX_AGE_SECONDS ? this.#reflector.get(namespace) : undefined;
    return known ?? this.#direct.labels(namespace, call);
  }

  freshLabels(namespace: string, call: Call): Promise<LabelMap> {
    return this.#direct.freshLabels(namespace, call);
  }
}
