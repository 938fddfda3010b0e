import type { Exemptions } from "../admission/exemption.ts";
import { Judge } from "../admission/judge.ts";
import type { JudgedLevel, Judgement } from "../admission/judgement.ts";
import type { Demand } from "../admission/labels.ts";
import { Limit } from "../admission/limit.ts";
import { Slots } from "../admission/slots.ts";
import { UndeterminedError } from "../verdict/failure.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { askedOf, exempt, type Treatment } from "./asked.ts";
import { LISTED } from "./listed.ts";
import type { AuditPorts, Scope } from "./ports.ts";
import { type AuditReport, countsOf, driftOf, type Finding, inOrder } from "./report.ts";
import { sightingOf } from "./sighting.ts";
import { type Entry, Survey } from "./survey.ts";

export interface AuditSettings {
  /** What a namespace without labels asks for. */
  readonly defaults: Demand;
  readonly exemptions: Exemptions;
}

export interface AuditRequest {
  readonly scope: Scope;
  /** In place of what the namespaces ask for. */
  readonly level: JudgedLevel | undefined;
  /** What becomes of a namespace that asks for nothing. */
  readonly unasked: "judge" | "leave-out";
  /** Aborted when nobody waits for the report any more. */
  readonly signal: AbortSignal;
  readonly progress: AuditProgress;
}

/** How far an audit is. */
export interface AuditProgress {
  /** Everything is listed, and so many images are to be judged. */
  listed(images: number): void;
  judged(): void;
}

/** Milliseconds for one image, and for one namespace's labels; nobody waits for an answer as a Pod's author does. */
const LOOK_MS = 30_000;
/** Images at the same time: registries are there for those who deploy. */
const CONCURRENCY = 8;

/** Judges what runs in a cluster and what its templates would run, each image once by level and credentials. */
export class Audit {
  readonly #ports: AuditPorts;
  readonly #settings: AuditSettings;

  constructor(ports: AuditPorts, settings: AuditSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Never throws for what the cluster or a registry says: that is in the report. */
  async run(request: AuditRequest): Promise<AuditReport> {
    const { survey, problems } = await this.#survey(request);
    const entries = survey.entries();
    const treatments = await this.#treatments(entries, request);
    const tasks = entries.flatMap((entry) => taskOf(entry, treatments));
    request.progress.listed(tasks.length);
    const findings = inOrder(await this.#judge(tasks, request));
    const namespaces = [...treatments].map(([namespace, treatment]) => ({ namespace, treatment, counts: countsOf(findings.filter((finding) => finding.namespace === namespace)) }));
    return { findings, namespaces, problems: [...problems, ...survey.malformed()] };
  }

  async #survey({ scope, signal }: AuditRequest): Promise<{ readonly survey: Survey; readonly problems: readonly string[] }> {
    const survey = new Survey();
    const problems: string[] = [];
    const call = { deadline: Number.POSITIVE_INFINITY, signal };
    for (const listed of LISTED) {
      try {
        const pages = this.#ports.workloads.pages(listed.resource, scope, call);
        for await (const page of pages) page.forEach((object) => survey.add(sightingOf(listed, object)));
      } catch (error) {
        if (!(error instanceof UndeterminedError)) throw error;
        problems.push(error.message);
      }
    }
    return { survey, problems };
  }

  async #treatments(entries: readonly Entry[], request: AuditRequest): Promise<ReadonlyMap<string, Treatment>> {
    const slots = new Slots(CONCURRENCY);
    const names = [...new Set(entries.map(({ namespace }) => namespace))].sort();
    const treated = await Promise.all(names.map((name) => slots.run(async () => [name, await this.#treatment(name, request)] as const)));
    return new Map(treated.flatMap(([name, treatment]) => (treatment === "left-out" ? [] : [[name, treatment]])));
  }

  async #treatment(namespace: string, { level, unasked, signal }: AuditRequest): Promise<Treatment | "left-out"> {
    const { defaults, exemptions } = this.#settings;
    if (exemptions.namespaces.has(namespace)) return exempt(namespace);
    try {
      const labels = await within(this.#ports, signal, ({ call }) => this.#ports.labels(namespace, call));
      const asked = askedOf(labels, defaults, level);
      return asked.by === "nobody" && unasked === "leave-out" ? "left-out" : { kind: "judged", asked };
    } catch (error) {
      if (!(error instanceof UndeterminedError)) throw error;
      return { kind: "unknown", error };
    }
  }

  #judge(tasks: readonly Task[], { signal, progress }: AuditRequest): Promise<readonly Finding[]> {
    const judge = new Judge(this.#ports, this.#settings.exemptions);
    const slots = new Slots(CONCURRENCY);
    return Promise.all(
      tasks.map((task) =>
        slots.run(async () => {
          const judgement = await this.#judgement(judge, task, signal);
          progress.judged();
          return { ...task.entry, judgement, drift: driftOf(task.entry, judgement) };
        }),
      ),
    );
  }

  #judgement(judge: Judge, { entry: { image, identity }, treatment }: Task, signal: AbortSignal): Promise<Judgement> | Judgement {
    switch (treatment.kind) {
      case "judged": {
        const { level, rule, requireDigest } = treatment.asked;
        return within(this.#ports, signal, (limit) => judge.judge(image, { level, rule, requireDigest, identity, limit }));
      }
      case "exempt":
        return settled(image, { kind: "exempt", reason: "ExemptNamespace", detail: treatment.line });
      case "unknown":
        return settled(image, unreadLabels(treatment.error));
    }
  }
}

/** One image to be judged. */
interface Task {
  readonly entry: Entry;
  readonly treatment: Treatment;
}

function taskOf(entry: Entry, treatments: ReadonlyMap<string, Treatment>): readonly Task[] {
  const treatment = treatments.get(entry.namespace);
  return treatment === undefined ? [] : [{ entry, treatment }];
}

async function within<T>({ timer }: AuditPorts, signal: AbortSignal, work: (limit: Limit) => Promise<T>): Promise<T> {
  const limit = new Limit(LOOK_MS, signal, timer);
  try {
    return await work(limit);
  } finally {
    limit.close();
  }
}

function settled(image: string, verdict: Verdict): Judgement {
  return { image, level: "signed", digest: undefined, contents: [], verdict, caveat: undefined };
}

function unreadLabels(error: UndeterminedError): Verdict {
  return { kind: "undetermined", reason: error.code, detail: error.message, remedy: "Without its labels nobody knows what the namespace asks for.", part: undefined };
}
