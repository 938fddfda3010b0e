// A small world in which everything moves: a cluster, a registry that keeps what it has, images and namespaces.
import { join } from "node:path";
import { type Author, createAuthor, type Layout, type Signer } from "../harness/author.ts";
import { label, makeNamespace } from "../harness/ask.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { image, writeLayout } from "../harness/content.ts";
import { type Folder, temporaryFolder } from "../harness/folder.ts";
import { type Pratique, startPratique } from "../harness/pratique.ts";
import { type Registry, startRegistry } from "../harness/registries.ts";
import type { Facts, Health, Level } from "./oracle.ts";
import { Timeline } from "./timeline.ts";

const CONTENTS = Array.from({ length: 40 }, (_, i) => `content-${i}`);
const TAGS = ["a", "b", "c", "d", "e", "f"];
const NAMESPACES = ["one", "two", "three", "four", "five"];
/** So many are signed before it begins. */
const SIGNED = 8;

/** How an image is signed: each cosign in each of its ways. */
const WAYS: readonly (readonly [Signer, Layout])[] = [["cosign2", "simple-signing"], ["cosign3", "bundle"]];

export interface Scene {
  readonly facts: Facts;
  readonly pratique: Pratique;
  /** The reference to ask about, and its digest. */
  byTag(tag: string): string;
  byDigest(content: string): string;
  /** One thing that changes, chosen by a number in [0, 1). */
  change(choice: number, pick: (count: number) => number): Promise<void>;
  restartRegistry(): Promise<void>;
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const registry = await startRegistry("plain");
  const author = await createAuthor(folder, [registry]);
  const cluster = await startCluster();
  const pratique = await startPratique(cluster, [registry], {}, { NODE_OPTIONS: `--import=${new URL("observe.ts", import.meta.url).href}` });
  const scene = new MovingScene({ folder, registry, author, cluster, pratique });
  await scene.prepare();
  return scene;
}

interface Parts {
  readonly folder: Folder;
  readonly registry: Registry;
  readonly author: Author;
  readonly cluster: Cluster;
  readonly pratique: Pratique;
}

class MovingScene implements Scene {
  readonly facts = {
    levels: new Map(NAMESPACES.map((name) => [name, new Timeline<Level>("signed")])),
    tags: new Map(TAGS.map((tag, i) => [tag, new Timeline(CONTENTS[i] ?? "")])),
    signed: new Map(CONTENTS.map((content, i) => [content, new Timeline(i < SIGNED)])),
    registry: new Timeline<Health>("up"),
    apiServer: new Timeline<Health>("up"),
  };
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get pratique(): Pratique {
    return this.#parts.pratique;
  }

  async prepare(): Promise<void> {
    const { folder, author, cluster } = this.#parts;
    for (const [i, content] of CONTENTS.entries()) {
      const layout = join(folder.path, "layouts", content);
      await writeLayout(layout, image(content));
      await author.crane("push", layout, `${this.#repository}:${content}`);
      if (i < SIGNED) await this.#sign(content, i);
    }
    for (const [tag, { current }] of this.facts.tags) await author.crane("tag", `${this.#repository}:${current}`, tag);
    for (const name of NAMESPACES) await makeNamespace(cluster, name, { enforce: "signed" });
  }

  byTag(tag: string): string {
    return `${this.#repository}:${tag}`;
  }

  byDigest(content: string): string {
    return `${this.#repository}@${image(content).digest}`;
  }

  async change(choice: number, pick: (count: number) => number): Promise<void> {
    if (choice < 0.5) return this.#moveTag(TAGS[pick(TAGS.length)] ?? "", CONTENTS[pick(CONTENTS.length)] ?? "");
    if (choice < 0.8) return this.#relabel(NAMESPACES[pick(NAMESPACES.length)] ?? "");
    return this.#signNext(pick(WAYS.length));
  }

  async restartRegistry(): Promise<void> {
    const { registry } = this.#parts;
    await this.facts.registry.change("down", () => registry.kill());
    await this.facts.registry.change("up", () => registry.restart());
  }

  async restartApiServer(): Promise<void> {
    const { cluster } = this.#parts;
    await this.facts.apiServer.change("down", () => cluster.crash());
    await this.facts.apiServer.change("up", () => cluster.restart());
  }

  async stop(): Promise<void> {
    const { folder, registry, cluster, pratique } = this.#parts;
    await pratique.kill();
    await Promise.all([cluster.stop(), registry.stop()]);
    await folder.remove();
  }

  get #repository(): string {
    return `${this.#parts.registry.host}/soak`;
  }

  async #moveTag(tag: string, content: string): Promise<void> {
    await this.facts.tags.get(tag)?.change(content, () => this.#parts.author.crane("tag", `${this.#repository}:${content}`, tag));
  }

  async #relabel(namespace: string): Promise<void> {
    const level = this.facts.levels.get(namespace);
    const next = level?.current === "none" ? "signed" : "none";
    await level?.change(next, () => label(this.#parts.cluster, namespace, { enforce: next }));
  }

  async #signNext(way: number): Promise<void> {
    const [content, signed] = [...this.facts.signed].find(([, { current }]) => !current) ?? [];
    if (content !== undefined) await signed?.change(true, () => this.#sign(content, way));
  }

  async #sign(content: string, way: number): Promise<void> {
    const [by, layout] = WAYS[way % WAYS.length] ?? ["cosign2", "simple-signing"];
    await this.#parts.author.sign(this.byDigest(content), { by, layout, scope: "top" });
  }
}
