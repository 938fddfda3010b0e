import type { IndexRule } from "../image/index.ts";
import { type Reference, ReferenceError, parseReference } from "../image/reference.ts";
import type { Keyring } from "../inspection/keyring.ts";
import { verdictOnFailure } from "../verdict/evaluate.ts";
import { RefusedError, UndeterminedError } from "../verdict/failure.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { caveatOf } from "./caveat.ts";
import { type Exemptions, exemptImageVerdict } from "./exemption.ts";
import type { JudgedLevel, Judgement } from "./judgement.ts";
import type { Limit } from "./limit.ts";
import type { Inspector, PullIdentity, PullSecrets } from "./ports.ts";
import { Slots } from "./slots.ts";

/** What is asked of an image, for whom, and until when. */
export interface Ask {
  readonly level: JudgedLevel;
  readonly rule: IndexRule;
  /** Whether a tag alone is `TagNotAllowed`. */
  readonly requireDigest: boolean;
  readonly identity: PullIdentity;
  readonly limit: Limit;
}

export interface JudgePorts {
  readonly inspector: Inspector;
  readonly pullSecrets: PullSecrets;
  /** Told of what should never have been thrown. */
  readonly defect: (cause: unknown) => void;
}

/** Images of one request that are looked up at the same time. */
const CONCURRENCY = 16;

/** Judges the images of one request, each once per level, side by side. Never throws: what goes wrong is a verdict. */
export class Judge {
  readonly #ports: JudgePorts;
  readonly #exemptions: Exemptions;
  readonly #slots = new Slots(CONCURRENCY);
  readonly #judgements = new Map<string, Promise<Judgement>>();
  readonly #keyrings = new Map<string, Promise<Keyring>>();

  constructor(ports: JudgePorts, exemptions: Exemptions) {
    this.#ports = ports;
    this.#exemptions = exemptions;
  }

  /** In the order of section 4 of the design; whoever asks first for an image sets the limit for all. */
  judge(image: string, ask: Ask): Promise<Judgement> {
    const { level, rule, identity } = ask;
    const settled = this.#settle(image, ask);
    if (settled.kind === "verdict") {
      return once(this.#judgements, [image, level], async () => ({ image, level, digest: undefined, contents: [], verdict: settled.verdict, caveat: undefined }));
    }
    const { reference } = settled;
    return once(this.#judgements, [image, level, rule, ...identityKey(identity)], () => this.#inTime(reference, ask));
  }

  // An image that nobody came to look at tells nothing of its registry: it must not pass for one that was too slow.
  #inTime(reference: Reference, ask: Ask): Promise<Judgement> {
    let isUnderWay = false;
    const work = (): Promise<Judgement> => {
      isUnderWay = true;
      return this.#lookUp(reference, ask);
    };
    return ask.limit.race(
      () => this.#slots.run(work),
      () => (isUnderWay ? late(reference, ask.level) : crowdedOut(reference, ask.level)),
    );
  }

  // What needs no look-up, and so no credentials and no time.
  #settle(image: string, { requireDigest }: Ask): Settled {
    let reference: Reference;
    try {
      reference = parseReference(image);
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      return { kind: "verdict", verdict: invalidReference(error) };
    }
    const exempt = exemptImageVerdict(reference, this.#exemptions);
    if (exempt !== undefined) return { kind: "verdict", verdict: exempt };
    if (requireDigest && reference.target.kind === "tag") return { kind: "verdict", verdict: tagNotAllowed(reference) };
    return { kind: "look-up", reference };
  }

  async #lookUp(reference: Reference, { level, rule, identity, limit }: Ask): Promise<Judgement> {
    try {
      const keyring = await this.#keyring(identity, limit);
      if (limit.isOver) return late(reference, level);
      const inspection = await this.#ports.inspector.inspect({ reference, level, rule, namespace: identity.namespace, keyring }, limit.call);
      const { digest, contents, verdict } = inspection;
      return { image: reference.text, level, digest, contents, verdict, caveat: caveatOf(reference.repository, inspection) };
    } catch (cause) {
      this.#ports.defect(cause);
      return failed(reference, level, new UndeterminedError("InternalError", "an unexpected error in Pratique"));
    }
  }

  #keyring(identity: PullIdentity, limit: Limit): Promise<Keyring> {
    return once(this.#keyrings, identityKey(identity), async () => {
      try {
        return await this.#ports.pullSecrets.keyring(identity, limit.call);
      } catch (error) {
        if (!(error instanceof UndeterminedError)) throw error;
        return unavailable(error);
      }
    });
  }
}

type Settled = { readonly kind: "verdict"; readonly verdict: Verdict } | { readonly kind: "look-up"; readonly reference: Reference };

// Pull secrets that could not be read fail an image only where its look-up comes to need them: what is refused without
// a look-up stays refused for its own reason.
function unavailable(error: UndeterminedError): Keyring {
  return {
    credentialsFor: () => {
      throw error;
    },
  };
}

function invalidReference(error: ReferenceError): Verdict {
  return { kind: "untrusted", reason: "InvalidReference", detail: error.message, remedy: "Correct the image reference.", part: undefined };
}

function tagNotAllowed(reference: Reference): Verdict {
  return verdictOnFailure(new RefusedError("TagNotAllowed", "the namespace asks for references with a digest"), reference.repository);
}

function late(reference: Reference, level: JudgedLevel): Judgement {
  return failed(reference, level, new UndeterminedError("DeadlineExceeded", "there was no verdict in the time that the request has"));
}

function crowdedOut(reference: Reference, level: JudgedLevel): Judgement {
  return failed(reference, level, new UndeterminedError("Overloaded", "the request names more images than could be looked at in its time"));
}

function failed(reference: Reference, level: JudgedLevel, error: UndeterminedError): Judgement {
  const digest = reference.target.kind === "digest" ? reference.target.digest : undefined;
  return { image: reference.text, level, digest, contents: [], verdict: verdictOnFailure(error, reference.repository), caveat: undefined };
}

function identityKey({ namespace, pullSecrets, serviceAccount }: PullIdentity): readonly string[] {
  return [namespace, serviceAccount, ...pullSecrets];
}

function once<Value>(known: Map<string, Promise<Value>>, key: readonly string[], make: () => Promise<Value>): Promise<Value> {
  const name = JSON.stringify(key);
  const value = known.get(name) ?? make();
  known.set(name, value);
  return value;
}
