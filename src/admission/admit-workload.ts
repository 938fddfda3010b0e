import { UndeterminedError } from "../verdict/failure.ts";
import { type Announcement, auditAnnouncement, refusalAnnouncement } from "./announcement.ts";
import { advisoryBudget } from "./budget.ts";
import { broughtIn } from "./change.ts";
import { type FindingsByMode, decide, isViolation } from "./decide.ts";
import { ADMITTED, type Cause, type Decision, SKIPPED, refuseFor, warnOf } from "./decision.ts";
import { type EntryPath, entryForWorkload, isObserver } from "./entry.ts";
import { exemptNamespaceLine } from "./exemption.ts";
import { Judge } from "./judge.ts";
import { type Demand, type LabelReading, MODES, type Mode, readLabels } from "./labels.ts";
import type { Limit } from "./limit.ts";
import { Load } from "./load.ts";
import { type Finding, shownImage } from "./message.ts";
import { passedInOutage } from "./outage.ts";
import type { AdmissionPorts, LabelMap } from "./ports.ts";
import type { Review } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";
import { type DecodedWorkload, type Workload, type WorkloadResource, decodeWorkload } from "./workload.ts";

export interface WorkloadRequest {
  readonly review: Review;
  readonly resource: WorkloadResource;
  readonly path: EntryPath;
  readonly limit: Limit;
  /** Of the review as it came. */
  readonly bytes: number;
}

/** A thousand Pods at once, as a cluster makes them that starts again, and not more large objects than memory has room for. */
const JUDGED = { light: 1024, heavyBytes: 8 * 1024 * 1024 };

/** What becomes of a request, and under which entry it counts. */
export interface Outcome {
  readonly entry: EntryPath;
  readonly decision: Decision;
}

type Labels = { readonly kind: "known"; readonly reading: LabelReading } | { readonly kind: "unknown"; readonly error: UndeterminedError };

/** Admits Pods and workload templates (design, sections 3, 4 and 10). */
export class WorkloadAdmission {
  readonly #ports: AdmissionPorts;
  readonly #settings: AdmissionSettings;
  readonly #load = new Load(JUDGED);

  constructor(ports: AdmissionPorts, settings: AdmissionSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  async admit(request: WorkloadRequest): Promise<Outcome> {
    const outcome = await this.#admit(request);
    const { review, resource } = request;
    if (outcome.decision.kind !== "allow") this.#announce(review, refusalAnnouncement(review, resource, outcome.decision));
    return outcome;
  }

  async #admit(request: WorkloadRequest): Promise<Outcome> {
    const { review, resource, path } = request;
    const { namespace } = review;
    if (namespace === undefined) return { entry: path, decision: withoutNamespace(path) };
    if (this.#settings.exemptions.namespaces.has(namespace)) return { entry: path, decision: inExemptNamespace(namespace) };
    const decoded = decodeWorkload(resource, review.object);
    const uses = decoded.kind === "malformed" ? [] : broughtIn(review, resource, decoded.workload.uses);
    // A label or a finalizer never waits for anything, not even for the namespace's labels.
    if (decoded.kind === "workload" && uses.length === 0) return { entry: path, decision: ADMITTED };

    const labels = await this.#labels(namespace, request);
    const demand = labels.kind === "known" ? labels.reading.demand : undefined;
    const entry = path === "validate" ? entryForWorkload(resource.kind, demand) : path;
    if (labels.kind === "unknown") return { entry, decision: withoutLabels(labels.error, resource, entry) };
    // Whoever enforces is asked about it as well, and does the talking.
    if (isObserver(entry) && labels.reading.demand.enforce !== "none") return { entry, decision: SKIPPED };
    if (decoded.kind === "malformed") return { entry, decision: ofMalformed(decoded, resource, labels.reading.demand) };
    const leave = this.#load.enter(request.bytes);
    if (leave === undefined) return { entry, decision: withoutRoom(resource, entry) };
    try {
      return { entry, decision: await this.#judge(request, namespace, { ...decoded.workload, uses }, labels.reading) };
    } finally {
      leave();
    }
  }

  async #labels(namespace: string, { path, limit }: WorkloadRequest): Promise<Labels> {
    const { namespaces } = this.#ports;
    const read = async (labels: () => Promise<LabelMap>): Promise<LabelReading> => readLabels(await limit.race(labels, outOfTime), this.#settings.defaults);
    try {
      const reading = await read(() => namespaces.labels(namespace, limit.call));
      // The API server took this namespace for one that enforces: then our copy of its labels may be an old one.
      const isDoubtful = path === "enforce" && reading.demand.enforce === "none";
      return { kind: "known", reading: isDoubtful ? await read(() => namespaces.freshLabels(namespace, limit.call)) : reading };
    } catch (error) {
      if (!(error instanceof UndeterminedError)) throw error;
      return { kind: "unknown", error };
    }
  }

  async #judge(request: WorkloadRequest, namespace: string, workload: Workload, reading: LabelReading): Promise<Decision> {
    const findings = await this.#findings(request, namespace, workload, reading.demand);
    const { kind } = request.resource;
    const unchecked = passedInOutage(kind, reading.demand, findings.enforce.filter(isViolation), this.#settings.passesInOutage);
    const decision = decide(kind, reading, findings, unchecked);
    this.#record(request.review, findings, decision, unchecked);
    if (decision.kind === "allow") this.#announce(request.review, auditAnnouncement(request.review, request.resource, findings.audit));
    return decision;
  }

  // A request that only rehearses leaves nothing outside.
  #announce({ isDryRun }: Review, announcement: Announcement | undefined): void {
    if (announcement !== undefined && !isDryRun) this.#ports.announcer.announce(announcement);
  }

  async #findings({ review, limit }: WorkloadRequest, namespace: string, workload: Workload, demand: Demand): Promise<FindingsByMode> {
    const { uses, pullSecrets, serviceAccount } = workload;
    const { inspector, pullSecrets: secrets, recorder } = this.#ports;
    const judge = new Judge({ inspector, pullSecrets: secrets, defect: (cause) => recorder.defect(review.uid, cause) }, this.#settings.exemptions);
    const advisory = limit.within(advisoryBudget(limit.left));
    const judgeFor = async (mode: Mode): Promise<readonly Finding[]> => {
      const level = demand[mode];
      if (level === "none") return [];
      const isEnforced = mode === "enforce";
      const ask = {
        level,
        rule: demand.index,
        requireDigest: isEnforced && demand.requireDigest,
        identity: { namespace, pullSecrets, serviceAccount },
        limit: isEnforced ? limit : advisory,
      };
      return Promise.all(uses.map(async (use) => ({ use, judgement: await judge.judge(use.image, ask) })));
    };
    // What is enforced asks first, so an image that warn or audit ask for as well has the whole time.
    const [enforce, warn, audit] = await Promise.all([judgeFor("enforce"), judgeFor("warn"), judgeFor("audit")]);
    return { enforce, warn, audit };
  }

  #record({ uid, namespace = "" }: Review, findings: FindingsByMode, decision: Decision, unchecked: readonly Finding[]): void {
    const { recorder } = this.#ports;
    if (unchecked.length > 0) recorder.outage({ uid, namespace, references: unchecked.map(({ judgement }) => shownImage(judgement)) });
    for (const judgement of judgementsOf(MODES.flatMap((mode) => findings[mode]))) {
      const { level, digest, verdict, caveat } = judgement;
      const reference = shownImage(judgement);
      recorder.image({ uid, level, verdict: verdict.kind, reason: verdict.reason, reference, digest });
      if (caveat?.kind === "stale") recorder.stale({ uid, namespace, reference, age: caveat.seconds });
    }
    for (const mode of MODES) {
      if (mode === "enforce" && decision.kind === "allow") continue;
      for (const judgement of judgementsOf(findings[mode].filter(isViolation))) {
        const { level, verdict } = judgement;
        recorder.violation({ uid, mode, level, reason: verdict.reason, namespace, reference: shownImage(judgement) });
      }
    }
  }
}

function judgementsOf(findings: readonly Finding[]): ReadonlySet<Finding["judgement"]> {
  return new Set(findings.map(({ judgement }) => judgement));
}

function outOfTime(): never {
  throw new UndeterminedError("DeadlineExceeded", "the namespace's labels were not read in the time that the request has");
}

function withoutNamespace(path: EntryPath): Decision {
  const cause: Cause = { reason: "InvalidRequest", field: "metadata.namespace", message: "the AdmissionReview names no namespace (InvalidRequest)" };
  return isObserver(path) ? warnOf(cause) : refuseFor(cause);
}

function inExemptNamespace(namespace: string): Decision {
  return { kind: "allow", reason: "ExemptNamespace", warnings: [], annotations: { exempt: [exemptNamespaceLine(namespace)] } };
}

function withoutLabels(error: UndeterminedError, { kind }: WorkloadResource, entry: EntryPath): Decision {
  const message = `the images could not be checked: ${error.message} (${error.code}). Try again once the API server answers.`;
  const cause: Cause = { reason: error.code, field: "metadata.namespace", message };
  return isGate(kind, entry) ? refuseFor(cause) : warnOf(cause);
}

function withoutRoom({ kind }: WorkloadResource, entry: EntryPath): Decision {
  const message = "the images could not be checked: more reviews are being judged than there is room for (Overloaded). Try again; if it lasts, add replicas.";
  const cause: Cause = { reason: "Overloaded", field: "request", message };
  return isGate(kind, entry) ? refuseFor(cause) : warnOf(cause);
}

// What could not be found out keeps a Pod out of a namespace that enforces, and a template nowhere.
function isGate(kind: WorkloadResource["kind"], entry: EntryPath): boolean {
  return !isObserver(entry) && (entry === "enforce" || kind === "pod");
}

function ofMalformed(malformed: Extract<DecodedWorkload, { kind: "malformed" }>, resource: WorkloadResource, demand: Demand): Decision {
  const message = `the ${resource.objectKind} cannot be decoded (InvalidRequest): ${malformed.field}: ${malformed.message}`;
  const cause: Cause = { reason: "InvalidRequest", field: malformed.field, message };
  const decision = demand.enforce === "none" ? warnOf(cause) : refuseFor(cause);
  const annotations = { ...decision.annotations, "enforce-level": [demand.enforce] };
  if (decision.kind !== "allow") return { ...decision, annotations };
  return { ...decision, annotations, warnings: demand.warn === "none" ? [] : decision.warnings };
}
