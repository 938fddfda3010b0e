import { LRUCache } from "lru-cache";
import { RegistryConnection } from "./connection.ts";
import type { RegistryEnvironment } from "./settings.ts";

/** Whoever writes image references chooses the hosts: what is kept of them has to end somewhere. */
const MAX_REGISTRIES = 256;

interface Entry {
  readonly connection: RegistryConnection;
  users: number;
  isRetired: boolean;
}

/** The connections of every registry that was asked lately; the least recently used one gives way to a new one. */
export class Connections {
  readonly #environment: RegistryEnvironment;
  readonly #entries: LRUCache<string, Entry>;
  /** What is being closed. */
  readonly #closing = new Set<Promise<void>>();

  constructor(environment: RegistryEnvironment, limit: number = MAX_REGISTRIES) {
    this.#environment = environment;
    this.#entries = new LRUCache({ max: limit, dispose: (entry) => this.#retire(entry) });
  }

  /** Lends a registry's connections for the work: they are not closed while anybody uses them. */
  async use<T>(host: string, work: (connection: RegistryConnection) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(host);
    entry.users += 1;
    try {
      return await work(entry.connection);
    } finally {
      entry.users -= 1;
      this.#closeUnused(entry);
    }
  }

  /** Closes all of them, each when its last user is done. */
  async close(): Promise<void> {
    this.#entries.clear();
    await Promise.all(this.#closing);
  }

  #entryOf(host: string): Entry {
    const known = this.#entries.get(host);
    if (known !== undefined) return known;
    const entry = { connection: new RegistryConnection(host, this.#environment), users: 0, isRetired: false };
    this.#entries.set(host, entry);
    return entry;
  }

  #retire(entry: Entry): void {
    entry.isRetired = true;
    this.#closeUnused(entry);
  }

  #closeUnused(entry: Entry): void {
    if (!entry.isRetired || entry.users > 0) return;
    const closing = entry.connection.close();
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
