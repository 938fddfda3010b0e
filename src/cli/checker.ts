import { Judge } from "../admission/judge.ts";
import type { Judgement } from "../admission/judgement.ts";
import { Limit } from "../admission/limit.ts";
import type { CheckParts } from "../app/check.ts";
import { parseReference, ReferenceError } from "../image/reference.ts";
import type { Inspection } from "../inspection/inspect.ts";
import { EMPTY_KEYRING } from "../inspection/keyring.ts";
import type { Basis } from "./basis.ts";

/** One image as it was typed, and what was found out about it. */
export interface CheckedImage {
  readonly judgement: Judgement;
  /** Undefined where nothing had to be looked up, or could be. */
  readonly inspection: Inspection | undefined;
}

/** By what images are judged, and in which namespace; empty where none was named. */
export interface Asked extends Basis {
  readonly namespace: string;
}

/** For one image, whatever its registry does, and for a namespace's labels; nobody waits for longer at a terminal. */
const IMAGE_MS = 30_000;

/** Judges images as admission does, and remembers what the inspector found on the way. */
export class Checker {
  readonly #parts: CheckParts;
  readonly #asked: Asked;
  readonly #judge: Judge;
  readonly #found = new Map<string, Inspection>();

  constructor(parts: CheckParts, asked: Asked, defect: (cause: unknown) => void) {
    this.#parts = parts;
    this.#asked = asked;
    const inspector = {
      inspect: async (...call: Parameters<CheckParts["inspector"]["inspect"]>) => {
        const inspection = await parts.inspector.inspect(...call);
        this.#found.set(call[0].reference.text, inspection);
        return inspection;
      },
    };
    this.#judge = new Judge({ inspector, pullSecrets: { keyring: async () => EMPTY_KEYRING }, defect }, parts.exemptions);
  }

  async check(image: string): Promise<CheckedImage> {
    const limit = limitFor(this.#parts);
    try {
      const { namespace, ...basis } = this.#asked;
      const judgement = await this.#judge.judge(image, { ...basis, identity: { namespace, pullSecrets: [], serviceAccount: "" }, limit });
      return { judgement: forPerson(judgement), inspection: this.#found.get(image) };
    } finally {
      limit.close();
    }
  }
}

// What the owner of a Pod is told to do is not what somebody at a terminal can do.
function forPerson(judgement: Judgement): Judgement {
  const { image, verdict } = judgement;
  if (verdict.kind !== "undetermined") return judgement;
  const remedies: Readonly<Partial<Record<typeof verdict.reason, string>>> = {
    Unauthorized: `Log in with \`docker login ${hostOf(image).join("")}\`, as somebody who may pull this repository.`,
    PoliciesUnknown: "Choose a cluster with KUBECONFIG, or give the trust policies as files (`--policy`).",
    InternalError: "This is a defect of Pratique; please report it with the line on standard error.",
  };
  return { ...judgement, verdict: { ...verdict, remedy: remedies[verdict.reason] ?? verdict.remedy } };
}

/** The registry that a person has named; none for a text that is no reference. */
export function hostOf(image: string): readonly string[] {
  try {
    return [parseReference(image).repository.host];
  } catch (error) {
    if (error instanceof ReferenceError) return [];
    throw error;
  }
}

export function limitFor({ timer }: CheckParts): Limit {
  return new Limit(IMAGE_MS, new AbortController().signal, timer);
}
