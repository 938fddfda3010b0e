import type { Digest } from "../image/digest.ts";
import type { IndexRule } from "../image/index.ts";
import type { ImageIndex, Manifest } from "../image/manifest.ts";
import { isBuildAttestation, type Platform } from "../image/platform.ts";
import { type Reference, type Repository, repositoryName } from "../image/reference.ts";
import type { Source } from "../trust/authority.ts";
import { type Assessment, type EvaluatedPart, type Home, verdictOnFailure } from "../verdict/evaluate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { RefusedError, UndeterminedError } from "../verdict/failure.ts";
import { settle } from "../verdict/governed.ts";
import type { ImageTree } from "../verdict/index-rule.ts";
import type { Level } from "../verdict/level.ts";
import type { PolicyOutcome } from "../verdict/outcome.ts";
import { SignedAssessment } from "../verdict/signed.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { VerifiedAssessment } from "../verdict/verified.ts";
import { ANONYMOUS, type Credential } from "./credential.ts";
import { ImageVerifier } from "./image-verifier.ts";
import type { Keyring } from "./keyring.ts";
import type { Access, Call, Images, InstallationCredentials, Locator, Policies, Query, SourceCredentials, Turns, Verifications } from "./ports.ts";
import { Search } from "./search.ts";
import { treeOf } from "./tree.ts";

/** One image, asked about for one purpose. */
export interface Question {
  readonly reference: Reference;
  readonly level: Exclude<Level, "none">;
  readonly rule: IndexRule;
  /** Whose TrustPolicies count; empty where nobody has said. */
  readonly namespace: string;
  /** The asker's own credentials. Where none matches, the installation's count. */
  readonly keyring: Keyring;
}

/** What was found out about one image, and the verdict on it. */
export interface Inspection {
  /** As resolved; undefined when it could not be. */
  readonly digest: Digest | undefined;
  /** That digest and every platform's below an index, judged or not: what a node may run of it. Empty when it was not resolved. */
  readonly contents: readonly Digest[];
  readonly verdict: Verdict;
  readonly platforms: readonly PlatformVerdict[];
  readonly evidence: readonly Evidence[];
  /** What each policy that governs the image made of it; empty at level `signed`. */
  readonly policies: readonly PolicyOutcome[];
}

/** One platform manifest of an index. */
export interface PlatformVerdict {
  readonly platform: string;
  readonly digest: Digest;
  readonly verdict: Verdict;
}

export interface InspectorSettings {
  readonly installation: InstallationCredentials;
  /** Whether a signature counts in the repository of this reference (`signed.repositories`). */
  readonly isSigningRepository: (reference: Reference) => boolean;
  /** The repository that holds the signatures of this one (`COSIGN_REPOSITORY`); they lie beside the images where it is undefined. */
  readonly signatureRepository?: (repository: Repository) => Repository | undefined;
  /** Empty: every platform of an index. */
  readonly platforms: readonly Platform[];
}

/** Everything that the inspection needs of the world, how a signature is verified, and when. */
export interface InspectorPorts {
  readonly registry: Images;
  readonly locator: Locator;
  readonly policies: Policies;
  readonly sourceCredentials: SourceCredentials;
  readonly verifications: Verifications;
  readonly turns: Turns;
}

/** What is to be asked of one image, and what is known of it already. */
interface Plan {
  readonly question: Question;
  readonly assessment: Assessment;
  readonly verifier: ImageVerifier;
  /** The policies that let it in without a look. */
  readonly passed: readonly PolicyOutcome[];
}

/** Judges one image: reference to digest, digest to evidence, evidence to verdict. */
export class Inspector {
  readonly #ports: InspectorPorts;
  readonly #settings: InspectorSettings;

  constructor(ports: InspectorPorts, settings: InspectorSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Never throws for what the evidence, the registry or the policies say: that is the verdict. A defect of ours goes on up. */
  async inspect(question: Question, call: Call): Promise<Inspection> {
    const { reference } = question;
    try {
      this.#ports.registry.refuseForbidden(reference.repository);
      return await (question.level === "signed" ? this.#signed(question, call) : this.#verified(question, call));
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UndeterminedError)) throw error;
      return withoutLook(reference, verdictOnFailure(error, reference.repository), []);
    }
  }

  #signed(question: Question, call: Call): Promise<Inspection> {
    const { reference, rule } = question;
    if (!this.#settings.isSigningRepository(reference)) {
      throw new RefusedError("RepositoryNotTrusted", `${repositoryName(reference.repository)} is not among the repositories where a signature counts`);
    }
    return this.#underAnyCredential({ question, assessment: new SignedAssessment(rule, this.#homeOf(reference.repository)), verifier: this.#verifier(), passed: [] }, call);
  }

  async #verified(question: Question, call: Call): Promise<Inspection> {
    const { reference, rule, namespace } = question;
    const governed = settle(await this.#ports.policies.policiesFor(namespace, call), reference);
    if (governed.kind === "settled") return withoutLook(reference, governed.verdict, governed.policies);
    const verifier = this.#verifier();
    const assessment = new VerifiedAssessment({ policies: governed.policies, rule, home: this.#homeOf(reference.repository), attempt: verifier.attempt });
    return this.#underAnyCredential({ question, assessment, verifier, passed: governed.passed }, call);
  }

  #verifier(): ImageVerifier {
    return new ImageVerifier(this.#ports.verifications, this.#ports.turns);
  }

  async #underAnyCredential(plan: Plan, call: Call): Promise<Inspection> {
    let refusal: UndeterminedError | undefined;
    for (const access of await this.#accesses(plan.question, call)) {
      try {
        return await this.#under(access, plan, call);
      } catch (error) {
        if (!(error instanceof UndeterminedError) || error.code !== "Unauthorized") throw error;
        refusal = error;
      }
    }
    throw refusal ?? new UndeterminedError("Unauthorized", "there is no credential to ask with");
  }

  // In the kubelet's order, but the one that is known to open this image goes first: it saves a refused request.
  async #accesses({ reference, keyring }: Question, call: Call): Promise<readonly Access[]> {
    const { repository, target } = reference;
    const { registry } = this.#ports;
    const accesses = await this.#accessesTo(repository, keyring, call);
    return accesses.toSorted((a, b) => Number(registry.remembers(b, target)) - Number(registry.remembers(a, target)));
  }

  async #accessesTo(repository: Repository, keyring: Keyring, call: Call): Promise<readonly Access[]> {
    const own = keyring.credentialsFor(repository);
    const granted = own.length > 0 ? own : await this.#settings.installation.credentialsFor(repository, call);
    const credentials: readonly Credential[] = granted.length > 0 ? granted : [ANONYMOUS];
    return credentials.map((credential) => ({ repository, credential }));
  }

  async #under(access: Access, plan: Plan, call: Call): Promise<Inspection> {
    const { question, assessment } = plan;
    const { target } = question.reference;
    const search = this.#search(access, plan, "kept", call);
    // With a digest at hand its signatures are asked for beside its manifest, which saves a round.
    if (target.kind === "digest") search.startEarly(assessment, target.digest);
    const manifest = await this.#ports.registry.fetchManifest(access, target, call);
    const tree = await treeOf(manifest, this.#settings.platforms, (digest) => this.#nested(access, digest, call));
    const known = await search.complete(assessment, tree);
    const first = assessment.evaluate(tree, known);
    // What was found may be minutes old, and a better signature may have come meanwhile: a refusal looks again.
    const isFinal = first.verdict.kind !== "untrusted" || question.level === "signed";
    const again = isFinal ? known : await this.#search(access, plan, "fresh", call).complete(assessment, tree);
    const { verdict, parts, policies } = isFinal ? first : assessment.evaluate(tree, again);
    return { digest: manifest.digest, contents: contentsOf(manifest, tree), verdict, platforms: platformsOf(manifest, parts), evidence: [...again.values()], policies: [...plan.passed, ...policies] };
  }

  #search(access: Access, { question, verifier }: Plan, freshness: Query["freshness"], call: Call): Search {
    const accesses = async (source: Source): Promise<readonly Access[]> => {
      if (source.kind === "image") {
        const { signatures } = this.#homeOf(access.repository);
        return signatures === undefined ? [access] : this.#accessesTo(signatures, question.keyring, call);
      }
      const { repository, pullSecrets } = source;
      const keyring = pullSecrets === undefined ? question.keyring : await this.#ports.sourceCredentials.keyring(pullSecrets, call);
      return this.#accessesTo(repository, keyring, call);
    };
    return new Search({ locator: this.#ports.locator, accesses, call, freshness, verifier });
  }

  #homeOf(repository: Repository): Home {
    return { repository, signatures: this.#settings.signatureRepository?.(repository) };
  }

  async #nested(access: Access, digest: Digest, call: Call): Promise<ImageIndex> {
    const manifest = await this.#ports.registry.fetchManifest(access, { kind: "digest", digest, tag: undefined }, call);
    if (manifest.kind === "index") return manifest;
    throw new RefusedError("Malformed", `${digest} is listed as an index and is a manifest`);
  }
}

function withoutLook({ target }: Reference, verdict: Verdict, policies: readonly PolicyOutcome[]): Inspection {
  return { digest: target.kind === "digest" ? target.digest : undefined, contents: [], verdict, platforms: [], evidence: [], policies };
}

function contentsOf(manifest: Manifest, tree: ImageTree): readonly Digest[] {
  const listed = manifest.kind === "index" ? manifest.manifests.filter(({ platform }) => !isBuildAttestation(platform)).map(({ digest }) => digest) : [];
  const below = tree.kind === "index" ? tree.platforms.map(({ digest }) => digest) : [];
  return [...new Set([manifest.digest, ...listed, ...below])];
}

function platformsOf(manifest: Manifest, parts: readonly EvaluatedPart[]): readonly PlatformVerdict[] {
  if (manifest.kind !== "index") return [];
  return parts.flatMap(({ name, digest, verdict }) => (digest === manifest.digest ? [] : [{ platform: name, digest, verdict }]));
}
