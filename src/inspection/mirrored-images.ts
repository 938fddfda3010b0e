import type { Manifest } from "../image/manifest.ts";
import type { Repository, Target } from "../image/reference.ts";
import { atMirror, firstAnswer, type MirrorSettings } from "./mirrors.ts";
import type { Access, Call, Images } from "./ports.ts";

/** The images of a registry that has mirrors: by tag where a mirror may resolve tags, by digest from any of them. */
export class MirroredImages implements Images {
  readonly #images: Images;
  readonly #settings: MirrorSettings;

  constructor(images: Images, settings: MirrorSettings) {
    this.#images = images;
    this.#settings = settings;
  }

  refuseForbidden(repository: Repository): void {
    this.#images.refuseForbidden(repository);
  }

  // What a mirror has handed out says nothing of a credential for the registry itself.
  remembers(access: Access, target: Target): boolean {
    return this.#images.remembers(access, target);
  }

  fetchManifest(access: Access, target: Target, call: Call): Promise<Manifest> {
    const { mirrors, upstream } = this.#settings.mirroringOf(access.repository);
    const serving = mirrors.filter(({ resolvesTags }) => resolvesTags || target.kind === "digest");
    const fromMirrors = serving.map((mirror) => atMirror(this.#settings, mirror, (own, call) => this.#images.fetchManifest(own, target, call)));
    const fromUpstream = upstream === "never" ? [] : [(call: Call) => this.#images.fetchManifest(access, target, call)];
    return firstAnswer([...fromMirrors, ...fromUpstream], call, this.#settings.clock);
  }
}
