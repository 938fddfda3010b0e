import { quote } from "../image/reference.ts";
import { UndeterminedError } from "../verdict/failure.ts";
import { rehearsalBudget } from "./budget.ts";
import { isViolation } from "./decide.ts";
import { type Ask, Judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import type { Demand } from "./labels.ts";
import type { Limit } from "./limit.ts";
import { type Finding, findingLine } from "./message.ts";
import type { AdmissionPorts, PodLister, RunningPod } from "./ports.ts";
import type { AdmissionSettings } from "./settings.ts";
import { POD, decodeWorkload } from "./workload.ts";

/** A namespace whose running Pods are judged by what it is about to ask for. */
export interface Rehearsal {
  readonly uid: string;
  readonly namespace: string;
  readonly demand: Demand;
  /** Of the request; a part of what is left is used. */
  readonly limit: Limit;
}

const MAX_PODS = 3000;

/**
 * Warnings for the running Pods that would now be refused, one for each image, and for what was not looked at (design,
 * section 2). Never throws: a namespace can be relabelled whatever its Pods are.
 */
export async function rehearse(rehearsal: Rehearsal, ports: AdmissionPorts, settings: AdmissionSettings): Promise<readonly string[]> {
  const limit = rehearsal.limit.within(rehearsalBudget(rehearsal.limit.left));
  const defect = (cause: unknown): void => ports.recorder.defect(rehearsal.uid, cause);
  try {
    const { pods, more } = await list(rehearsal.namespace, ports.pods, limit);
    const judge = new Judge({ inspector: ports.inspector, pullSecrets: ports.pullSecrets, defect }, settings.exemptions);
    const sights = await Promise.all(pods.map((pod) => lookAt(pod, rehearsal, (image, ask) => judge.judge(image, { ...ask, limit }))));
    return report(rehearsal.namespace, sights, more);
  } catch (error) {
    if (error instanceof UndeterminedError) return [`the running Pods could not be looked at: ${error.message} (${error.code})`];
    defect(error);
    return ["the running Pods could not be looked at: an unexpected error in Pratique (InternalError)"];
  }
}

// Half of the time is for listing them: a lister whose time is over still hands out what it has.
function list(namespace: string, pods: PodLister, limit: Limit): ReturnType<PodLister["list"]> {
  const { call } = limit.within(limit.left / 2);
  return limit.race(() => pods.list(namespace, MAX_PODS, call), outOfTime);
}

function outOfTime(): never {
  throw new UndeterminedError("DeadlineExceeded", "they were not listed in the time that there was");
}

/** What was seen of one Pod. */
interface Sight {
  readonly pod: string;
  readonly isDecoded: boolean;
  readonly findings: readonly Finding[];
}

type JudgeImage = (image: string, ask: Omit<Ask, "limit">) => Promise<Judgement>;

async function lookAt(pod: RunningPod, { namespace, demand }: Rehearsal, judge: JudgeImage): Promise<Sight> {
  const decoded = decodeWorkload(POD, pod.object);
  const { enforce: level } = demand;
  if (decoded.kind === "malformed" || level === "none") return { pod: pod.name, isDecoded: false, findings: [] };
  const { uses, pullSecrets, serviceAccount } = decoded.workload;
  const ask = { level, rule: demand.index, requireDigest: demand.requireDigest, identity: { namespace, pullSecrets, serviceAccount } };
  const findings = await Promise.all(uses.map(async (use) => ({ use, judgement: await judge(use.image, ask) })));
  return { pod: pod.name, isDecoded: true, findings: findings.filter(isViolation) };
}

function report(namespace: string, sights: readonly Sight[], more: boolean): readonly string[] {
  const refused = sights.filter(({ findings }) => findings.some((finding) => !isUnseen(finding)));
  const unseen = sights.filter(({ findings }) => findings.some(isUnseen));
  const undecoded = sights.filter(({ isDecoded }) => !isDecoded);
  const lines: string[] = [];
  if (refused.length > 0) lines.push(`${countOf(refused.length)} in namespace ${quote(namespace)} would now be refused`);
  if (more) lines.push(`running Pods beyond the first ${sights.length} were not looked at`);
  if (unseen.length > 0) lines.push(`not every image of ${countOf(unseen.length)} was looked at: the time was over`);
  if (undecoded.length > 0) lines.push(`${countOf(undecoded.length)} could not be decoded`);
  return [...lines, ...groupLines(refused)];
}

// An image is judged once for all Pods that have it, so it is told once as well.
function groupLines(sights: readonly Sight[]): readonly string[] {
  const groups = new Map<Judgement, { readonly finding: Finding; readonly pods: Set<string> }>();
  for (const { pod, findings } of sights) {
    for (const finding of findings) {
      if (isUnseen(finding)) continue;
      const group = groups.get(finding.judgement) ?? { finding, pods: new Set() };
      groups.set(finding.judgement, group);
      group.pods.add(pod);
    }
  }
  return [...groups.values()].map(({ finding, pods }) => `${podsOf([...pods])}: ${findingLine(finding)}`);
}

function isUnseen({ judgement }: Finding): boolean {
  return judgement.verdict.reason === "DeadlineExceeded";
}

function podsOf([first = "", ...others]: readonly string[]): string {
  if (others.length === 0) return `Pod ${quote(first)}`;
  return `Pod ${quote(first)} (and ${others.length} other Pod${others.length === 1 ? "" : "s"})`;
}

function countOf(pods: number): string {
  return `${pods} running Pod${pods === 1 ? "" : "s"}`;
}
