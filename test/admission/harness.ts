import type { Test } from "tap";
import { Admission, type AdmissionInput } from "../../src/admission/admit.ts";
import type { Announcement } from "../../src/admission/announcement.ts";
import type { EntryPath } from "../../src/admission/entry.ts";
import type { Demand } from "../../src/admission/labels.ts";
import type { AdmissionEvent, AdmissionPorts, ImageEvent, Inspector, LabelMap, OutageEvent, PullIdentity, RunningPod, StaleEvent, ViolationEvent } from "../../src/admission/ports.ts";
import type { AdmissionSettings } from "../../src/admission/settings.ts";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import type { Inspection, Question } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING, type Keyring } from "../../src/inspection/keyring.ts";
import type { Call } from "../../src/inspection/ports.ts";
import { verdictOnFailure } from "../../src/verdict/evaluate.ts";
import { RefusedError, UndeterminedError } from "../../src/verdict/failure.ts";
import type { UndeterminedReason, UntrustedReason } from "../../src/verdict/reason.ts";
import type { SecretRef } from "../../src/trust/decode.ts";
import type { SecretText } from "../../src/trust/resolve.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";
import { type HandTimer, handTimer } from "../helpers/hand-timer.ts";

export const DEFAULTS: Demand = { enforce: "none", warn: "none", audit: "none", index: "both", requireDigest: false, onOutage: "deny" };

const UNDETERMINED: ReadonlySet<string> = new Set(["Unauthorized", "RateLimited", "RegistryUnavailable", "UnexpectedAnswer", "CredentialsUnavailable"]);

/** An image whose verdict is its repository's last word: `verdictImage("Unsigned")`, also `Signed`, `hang` and `throw`. */
export function verdictImage(verdict: string, target = ":1"): string {
  return `harbor.example.com/shop/${verdict.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, "")}${target}`;
}

export function digestOf(image: string): Digest {
  return computeDigest("sha256", Buffer.from(image));
}

/** Pratique's admission in a world that a test decides on and looks at afterwards. */
export class World {
  readonly timer: HandTimer = handTimer();
  labels = new Map<string, string>();
  /** What the API server itself says; the same as `labels` unless a test sets it. */
  fresh: LabelMap | undefined;
  namespaceFailure: unknown;
  freshFailure: unknown;
  secretsFailure: unknown;
  /** Instead of the one that reads a verdict from an image's name. */
  inspector: Inspector | undefined;
  pods: readonly RunningPod[] = [];
  morePods = false;
  podsFailure: unknown;
  /** Of policies, by `namespace/name`; one that is not here does not exist. */
  policySecrets = new Map<string, SecretText>();
  /** Called first in every look-up of a port, by its name. */
  before: (port: string, call: Call) => Promise<void> = async () => undefined;
  settings: AdmissionSettings = {
    defaults: DEFAULTS,
    exemptions: { namespaces: new Set(["exempt"]), exemptImage: ({ text }) => (text.includes("/debug") ? "registry.example.com/tools/debug:*" : undefined) },
    passesInOutage: (host) => host === "harbor.example.com",
    requestMilliseconds: 8000,
    installationNamespace: "pratique-system",
  };

  readonly reads: string[] = [];
  readonly questions: Question[] = [];
  readonly calls: Call[] = [];
  readonly identities: PullIdentity[] = [];
  readonly admissions: AdmissionEvent[] = [];
  readonly images: ImageEvent[] = [];
  readonly violations: ViolationEvent[] = [];
  readonly outages: OutageEvent[] = [];
  readonly stale: StaleEvent[] = [];
  readonly announcements: Announcement[] = [];
  readonly defects: { uid: string; cause: unknown }[] = [];
  lookUpsUnderWay = 0;
  mostLookUps = 0;

  ports(): AdmissionPorts {
    return {
      namespaces: { labels: this.#labels, freshLabels: this.#freshLabels },
      pullSecrets: { keyring: this.#keyring },
      inspector: this.inspector ?? { inspect: this.#inspect },
      pods: { list: this.#list },
      policySecrets: { read: this.#policySecret },
      recorder: {
        admission: (event) => void this.admissions.push(event),
        image: (event) => void this.images.push(event),
        outage: (event) => void this.outages.push(event),
        stale: (event) => void this.stale.push(event),
        violation: (event) => void this.violations.push(event),
        defect: (uid, cause) => void this.defects.push({ uid, cause }),
      },
      announcer: { announce: (announcement) => void this.announcements.push(announcement) },
      timer: this.timer,
    };
  }

  /** What was answered to a review on the path of an entry. */
  async ask(entry: EntryPath, review: unknown, input: Partial<AdmissionInput> = {}): Promise<Answer> {
    const admission = new Admission(this.ports(), this.settings);
    const { status, body } = await admission.admit({
      entry,
      body: Buffer.from(typeof review === "string" ? review : JSON.stringify(review)),
      contentType: "application/json",
      receivedAt: this.timer.now(),
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      ...input,
    });
    if (this.timer.alarms().length > 0) throw new Error("an alarm was left behind");
    // What goes over the wire is what counts.
    return new Answer(status, JSON.parse(JSON.stringify(body)) as ReviewBody);
  }

  #labels = async (namespace: string, call: Call): Promise<LabelMap> => {
    this.reads.push(`labels ${namespace}`);
    await this.before("labels", call);
    if (this.namespaceFailure !== undefined) throw this.namespaceFailure;
    return this.labels;
  };

  #policySecret = async ({ namespace, name }: SecretRef, call: Call): Promise<SecretText> => {
    await this.before("policySecrets", call);
    return this.policySecrets.get(`${namespace}/${name}`) ?? { kind: "absent", message: `there is no Secret ${namespace}/${name}` };
  };

  #freshLabels = async (namespace: string, call: Call): Promise<LabelMap> => {
    this.reads.push(`freshLabels ${namespace}`);
    await this.before("freshLabels", call);
    if (this.freshFailure !== undefined) throw this.freshFailure;
    return this.fresh ?? this.labels;
  };

  #keyring = async (identity: PullIdentity, call: Call): Promise<Keyring> => {
    this.identities.push(identity);
    await this.before("keyring", call);
    if (this.secretsFailure !== undefined) throw this.secretsFailure;
    return EMPTY_KEYRING;
  };

  #list = async (_namespace: string, limit: number, call: Call): Promise<{ pods: readonly RunningPod[]; more: boolean }> => {
    await this.before("list", call);
    if (this.podsFailure !== undefined) throw this.podsFailure;
    return { pods: this.pods.slice(0, limit), more: this.morePods || this.pods.length > limit };
  };

  #inspect = async (question: Question, call: Call): Promise<Inspection> => {
    this.questions.push(question);
    this.calls.push(call);
    this.lookUpsUnderWay += 1;
    this.mostLookUps = Math.max(this.mostLookUps, this.lookUpsUnderWay);
    await this.before("inspect", call);
    const word = question.reference.repository.path.split("/").at(-1) ?? "";
    if (word === "hang") await new Promise(() => undefined);
    this.lookUpsUnderWay -= 1;
    if (word === "throw") throw new TypeError("a secret cause");
    const { target } = question.reference;
    const digest = target.kind === "digest" ? target.digest : digestOf(question.reference.text);
    const verdict = verdictOf(question, word);
    const isResolved = verdict.kind !== "undetermined";
    return { digest: isResolved ? digest : undefined, contents: isResolved ? [digest] : [], verdict, platforms: [], evidence: [], policies: [] };
  };
}

// As the real inspector: what a keyring throws on purpose is a verdict, once the credentials are needed.
function verdictOf(question: Question, word: string): Verdict {
  const { repository } = question.reference;
  if (question.level === "verified") return failing("NoPolicy", question);
  try {
    question.keyring.credentialsFor(repository);
  } catch (error) {
    if (error instanceof UndeterminedError) return verdictOnFailure(error, repository);
    throw error;
  }
  return failing(reasonOf(word), question);
}

function reasonOf(word: string): string {
  return word.split("-").map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join("");
}

function failing(reason: string, { reference }: Question): Verdict {
  if (UNDETERMINED.has(reason)) return verdictOnFailure(new UndeterminedError(reason as UndeterminedReason, "harbor.example.com answered 503"), reference.repository);
  if (["Unsigned", "NoPolicy", "ClaimMismatch", "ImageNotFound"].includes(reason)) {
    return verdictOnFailure(new RefusedError(reason as UntrustedReason, `no cosign signature on ${digestOf(reference.text)}`), reference.repository);
  }
  return { kind: "trusted", reason: "Signed", detail: "a cosign signature document claims this digest" };
}

export interface ReviewBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly response?: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: StatusBody;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}

export interface StatusBody {
  readonly status: string;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details: { readonly name: string; readonly group?: string; readonly kind?: string; readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[] };
}

/** An answer, with names for what tests look at. */
export class Answer {
  readonly http: number;
  readonly body: ReviewBody;

  constructor(http: number, body: ReviewBody) {
    this.http = http;
    this.body = body;
  }

  get allowed(): boolean | undefined {
    return this.body.response?.allowed;
  }

  get status(): StatusBody {
    const status = this.body.response?.status;
    if (status === undefined) throw new TypeError("the answer has no status");
    return status;
  }

  get causes(): readonly string[] {
    return this.status.details.causes.map(({ reason, field }) => `${reason} ${field}`);
  }

  get warnings(): readonly string[] {
    return this.body.response?.warnings ?? [];
  }

  get annotations(): Readonly<Record<string, string>> {
    return this.body.response?.auditAnnotations ?? {};
  }
}

/** `t.match`, where no list may have more in it than the pattern's, and an empty object nothing. */
export function fits(t: Test, actual: unknown, pattern: unknown, name = "fits"): void {
  t.same(sizes(actual, pattern), sizes(pattern, pattern), `${name}: nothing more, nothing less`);
  t.match(actual, pattern, name);
}

function sizes(value: unknown, pattern: unknown): unknown {
  if (typeof pattern !== "object" || pattern === null || pattern instanceof RegExp) return null;
  const container = (value ?? {}) as Readonly<Record<string, unknown>>;
  const keys = Object.keys(pattern);
  const isClosed = Array.isArray(pattern) || keys.length === 0;
  return [isClosed ? Object.keys(container).length : null, ...keys.map((key) => sizes(container[key], (pattern as Readonly<Record<string, unknown>>)[key]))];
}
