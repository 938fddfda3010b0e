import type { Digest } from "../image/digest.ts";
import type { IndexRule } from "../image/index.ts";
import type { ImageIndex, Manifest } from "../image/manifest.ts";
import type { Platform } from "../image/platform.ts";
import { type Reference, repositoryName } from "../image/reference.ts";
import { evaluateSigned, verdictOnFailure } from "../verdict/evaluate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { RefusedError, UndeterminedError } from "../verdict/failure.ts";
import { type ImageTree, missingSubjects } from "../verdict/index-rule.ts";
import type { Level } from "../verdict/level.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { ANONYMOUS, type Credential } from "./credential.ts";
import type { Keyring } from "./keyring.ts";
import type { Access, Call, Locator, Registry } from "./ports.ts";
import { treeOf } from "./tree.ts";

/** One image, asked about for one purpose. */
export interface Question {
  readonly reference: Reference;
  readonly level: Exclude<Level, "none">;
  readonly rule: IndexRule;
  /** The asker's own credentials. Where none matches, the installation's count. */
  readonly keyring: Keyring;
}

/** What was found out about one image, and the verdict on it. */
export interface Inspection {
  /** As resolved; undefined when it could not be. */
  readonly digest: Digest | undefined;
  readonly verdict: Verdict;
  readonly platforms: readonly PlatformVerdict[];
  readonly evidence: readonly Evidence[];
}

/** One platform manifest of an index. */
export interface PlatformVerdict {
  readonly platform: string;
  readonly digest: Digest;
  readonly verdict: Verdict;
}

export interface InspectorSettings {
  /** The installation's credentials, for the repositories that the configuration grants them to. */
  readonly installation: Keyring;
  /** Whether a signature counts in the repository of this reference (`signed.repositories`). */
  readonly isSigningRepository: (reference: Reference) => boolean;
  /** Empty: every platform of an index. */
  readonly platforms: readonly Platform[];
}

/** Judges one image: reference to digest, digest to evidence, evidence to verdict. */
export class Inspector {
  readonly #registry: Registry;
  readonly #locator: Locator;
  readonly #settings: InspectorSettings;

  constructor(registry: Registry, locator: Locator, settings: InspectorSettings) {
    this.#registry = registry;
    this.#locator = locator;
    this.#settings = settings;
  }

  /** Never throws for what the evidence or the registry says: that is the verdict. A defect of ours goes on up. */
  async inspect(question: Question, call: Call): Promise<Inspection> {
    const { reference } = question;
    try {
      this.#registry.refuseForbidden(reference.repository);
      this.#refuseLevel(question);
      return await this.#underAnyCredential(question, call);
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UndeterminedError)) throw error;
      const digest = reference.target.kind === "digest" ? reference.target.digest : undefined;
      return { digest, verdict: verdictOnFailure(error, reference.repository), platforms: [], evidence: [] };
    }
  }

  #refuseLevel({ level, reference }: Question): void {
    if (level === "verified") {
      throw new RefusedError("NoPolicy", "no trust policy governs this image");
    }
    if (!this.#settings.isSigningRepository(reference)) {
      throw new RefusedError("RepositoryNotTrusted", `${repositoryName(reference.repository)} is not among the repositories where a signature counts`);
    }
  }

  async #underAnyCredential(question: Question, call: Call): Promise<Inspection> {
    const accesses = this.#accesses(question);
    let refusal: UndeterminedError | undefined;
    for (const access of accesses) {
      try {
        return await this.#under(access, question, call);
      } catch (error) {
        if (!(error instanceof UndeterminedError) || error.code !== "Unauthorized") throw error;
        refusal = error;
      }
    }
    throw refusal ?? new UndeterminedError("Unauthorized", "there is no credential to ask with");
  }

  // In the kubelet's order, but the one that is known to open this image goes first: it saves a refused request.
  #accesses({ reference, keyring }: Question): readonly Access[] {
    const { repository, target } = reference;
    const own = keyring.credentialsFor(repository);
    const granted = own.length > 0 ? own : this.#settings.installation.credentialsFor(repository);
    const credentials: readonly Credential[] = granted.length > 0 ? granted : [ANONYMOUS];
    const accesses = credentials.map((credential) => ({ repository, credential }));
    return accesses.toSorted((a, b) => Number(this.#registry.remembers(b, target)) - Number(this.#registry.remembers(a, target)));
  }

  async #under(access: Access, question: Question, call: Call): Promise<Inspection> {
    const { reference, rule } = question;
    const search = new Search(this.#locator, access, call);
    // With a digest at hand its signatures are asked for beside its manifest, which saves a round.
    if (reference.target.kind === "digest") void search.start(reference.target.digest);
    const manifest = await this.#registry.fetchManifest(access, reference.target, call);
    const tree = await treeOf(manifest, this.#settings.platforms, (digest) => this.#nested(access, digest, call));
    const known = await search.complete(rule, tree);
    const { verdict, parts } = evaluateSigned(rule, tree, known, reference.repository);
    const platforms = parts.filter((part) => isPlatform(manifest, part.digest)).map(({ name, digest, verdict }) => ({ platform: name, digest, verdict }));
    return { digest: manifest.digest, verdict, platforms, evidence: [...known.values()] };
  }

  async #nested(access: Access, digest: Digest, call: Call): Promise<ImageIndex> {
    const manifest = await this.#registry.fetchManifest(access, { kind: "digest", digest, tag: undefined }, call);
    if (manifest.kind === "index") return manifest;
    throw new RefusedError("Malformed", `${digest} is listed as an index and is a manifest`);
  }
}

// Looks subjects up as the rule asks for them, each once, side by side.
class Search {
  readonly #locator: Locator;
  readonly #access: Access;
  readonly #call: Call;
  readonly #started = new Map<Digest, Promise<Evidence>>();

  constructor(locator: Locator, access: Access, call: Call) {
    this.#locator = locator;
    this.#access = access;
    this.#call = call;
  }

  start(subject: Digest): Promise<Evidence> {
    const started = this.#started.get(subject);
    if (started !== undefined) return started;
    const evidence = this.#locator.locate(this.#access, subject, this.#call);
    // It may never be awaited, when the manifest itself is refused; then nobody needs to hear of its failure.
    evidence.catch(() => undefined);
    this.#started.set(subject, evidence);
    return evidence;
  }

  async complete(rule: IndexRule, tree: ImageTree): Promise<ReadonlyMap<Digest, Evidence>> {
    const known = new Map<Digest, Evidence>();
    for (let missing = missingSubjects(rule, tree, known); missing.length > 0; missing = missingSubjects(rule, tree, known)) {
      for (const evidence of await Promise.all(missing.map((subject) => this.start(subject)))) known.set(evidence.subject, evidence);
    }
    return known;
  }
}

function isPlatform(manifest: Manifest, digest: Digest): boolean {
  return manifest.kind === "index" && digest !== manifest.digest;
}
