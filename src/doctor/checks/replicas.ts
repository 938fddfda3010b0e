import { advise, type Finding, finding, listed } from "../finding.ts";
import { selects } from "../label-selector.ts";
import { word } from "../patch.ts";
import type { Autoscaler, Budget, Deployment, Node, Pod } from "../read/workload.ts";
import type { Reliance } from "../reliance.ts";
import { whenSeen } from "../seen.ts";
import type { Installation, Snapshot } from "../snapshot.ts";

type Subject = Finding["subject"];

/** Whether enough Pods answer, and go on answering while nodes come and go. */
export function checkReplicas({ deployment, autoscalers, budgets, pods }: Installation, { nodes }: Pick<Snapshot, "nodes">, reliance: Reliance): readonly Finding[] {
  return whenSeen(deployment, (found) => {
    if (found === undefined) return [];
    const subject: Subject = { kind: "Deployment", namespace: found.namespace, name: found.name };
    return [
      ...checkReady(found, subject),
      ...checkRollout(found, subject),
      ...whenSeen(autoscalers, (all) => checkFloor(found, { subject, reliance, autoscaler: all.find(({ target }) => target === `Deployment/${found.name}`) })),
      ...whenSeen(budgets, (all) => checkBudgets(found, subject, all.filter(({ selector }) => selects(selector, found.podLabels)))),
      ...whenSeen(pods, (all) => whenSeen(nodes, (known) => checkSpread(all.filter(({ isReady }) => isReady), known, subject))),
      ...checkImage(found, subject),
    ];
  });
}

function checkReady({ replicas, ready, namespace, name }: Deployment, subject: Subject): readonly Finding[] {
  if (ready >= replicas && replicas > 0) return [];
  const meaning = ready === 0 ? ": no Pod starts in a namespace that enforces" : "";
  const look = [`kubectl describe pods -n ${namespace} -l app.kubernetes.io/name=pratique`, `kubectl logs -n ${namespace} deployment/${name}`];
  const remedy = replicas === 0 ? advise("Scale it up.", `kubectl scale deployment -n ${namespace} ${name} --replicas=2`) : advise("See why:", ...look);
  return [finding("NotReady", "broken", { subject, message: `${ready} of ${replicas} Pods are ready${meaning}.`, remedy })];
}

// Old Pods may well be ready, so that nothing else shows it.
function checkRollout({ stuck, namespace, name }: Deployment, subject: Subject): readonly Finding[] {
  if (stuck === undefined) return [];
  return [finding("RolloutStuck", "broken", { subject, message: `New Pods do not become ready, and the old ones go on with what they have: ${stuck}`, remedy: advise("See what keeps them, or go back:", `kubectl describe pods -n ${namespace} -l app.kubernetes.io/name=pratique`, `kubectl rollout undo deployment -n ${namespace} ${name}`) })];
}

interface Floor {
  readonly subject: Subject;
  readonly reliance: Reliance;
  readonly autoscaler: Autoscaler | undefined;
}

function checkFloor({ replicas, namespace, name }: Deployment, { subject, reliance, autoscaler }: Floor): readonly Finding[] {
  const severity = reliance === "relied-on" ? "broken" : "advice";
  if (autoscaler !== undefined) {
    if (autoscaler.minReplicas > 1) return [];
    const command = `kubectl patch horizontalpodautoscaler -n ${namespace} ${word(autoscaler.name)} --type=merge -p '{"spec":{"minReplicas":2}}'`;
    return [finding("AutoscalerToOne", severity, { subject: { kind: "HorizontalPodAutoscaler", namespace, name: autoscaler.name }, message: "It may leave one Pod alone: while that moves or restarts, no Pod starts in a namespace that enforces.", remedy: advise("Keep two.", command) })];
  }
  if (replicas !== 1) return [];
  return [
    finding("SingleReplica", severity, {
      subject,
      message: "One Pod answers alone: while it moves or restarts, no Pod starts in a namespace that enforces. A budget cannot keep it there without blocking drains.",
      remedy: advise("Run two (chart value `replicas`).", `kubectl scale deployment -n ${namespace} ${name} --replicas=2`),
    }),
  ];
}

function checkBudgets({ replicas, namespace, name }: Deployment, subject: Subject, budgets: readonly Budget[]): readonly Finding[] {
  if (budgets.length === 0) {
    if (replicas < 2) return [];
    const command = `kubectl create poddisruptionbudget ${name} -n ${namespace} --selector=app.kubernetes.io/name=pratique --max-unavailable=1`;
    return [finding("BudgetMissing", "advice", { subject, message: "There is no PodDisruptionBudget: drains may take all Pods at once.", remedy: advise("Let one go at a time (chart value `podDisruptionBudget.enabled`).", command) })];
  }
  return [...checkSeveral(budgets, subject), ...budgets.filter((budget) => blocks(budget, replicas)).map((budget) =>
    finding("BudgetBlocksDrain", "broken", {
      subject: { kind: "PodDisruptionBudget", namespace, name: budget.name },
      message: `${budget.minAvailable === undefined ? `maxUnavailable is ${budget.maxUnavailable}` : `minAvailable is ${budget.minAvailable}`} with ${replicas === 1 ? "1 replica" : `${replicas} replicas`}: no node that runs one can be drained.`,
      remedy: advise("Let one go at a time.", `kubectl patch poddisruptionbudget -n ${namespace} ${word(budget.name)} --type=merge -p '{"spec":{"minAvailable":null,"maxUnavailable":1}}'`),
    }),
  )];
}

// The API server evicts no Pod that two budgets are about, however much each of them lets go.
function checkSeveral(budgets: readonly Budget[], subject: Subject): readonly Finding[] {
  if (budgets.length < 2) return [];
  const names = budgets.map(({ name }) => name);
  const remedy = advise("Keep one of them, such as the chart's, and delete the others. See which are whose:", `kubectl get poddisruptionbudget -n ${subject.namespace} ${names.map(word).join(" ")} --show-labels`);
  return [finding("BudgetBlocksDrain", "broken", { subject, message: `${names.length} PodDisruptionBudgets (${listed(names)}) are about the same Pods, and the API server evicts no such Pod: no node that runs one can be drained.`, remedy })];
}

// As the disruption controller counts: percentages are rounded up on both sides.
function blocks({ minAvailable, maxUnavailable }: Budget, replicas: number): boolean {
  if (replicas === 0) return false;
  if (minAvailable !== undefined) return countOf(minAvailable, replicas) >= replicas;
  return maxUnavailable !== undefined && countOf(maxUnavailable, replicas) === 0;
}

function countOf(value: number | string, replicas: number): number {
  return typeof value === "number" ? value : Math.ceil((Number.parseInt(value, 10) * replicas) / 100);
}

function checkSpread(ready: readonly Pod[], nodes: readonly Node[], subject: Subject): readonly Finding[] {
  const used = new Set(ready.flatMap(({ node }) => node ?? []));
  const schedulable = nodes.filter(({ isSchedulable }) => isSchedulable);
  if (ready.length < 2 || schedulable.length < 2) return [];
  const remedy = advise("See what keeps them together (taints, affinity, room on other nodes), then start them again.", `kubectl rollout restart deployment -n ${subject.namespace} ${subject.name}`);
  if (used.size === 1) return [finding("SameNode", "advice", { subject, message: `All ${ready.length} Pods run on node ${listed([...used])}, and go with it.`, remedy })];
  const zones = new Set(nodes.filter(({ name }) => used.has(name)).map(({ zone }) => zone));
  const others = new Set(schedulable.flatMap(({ zone }) => zone ?? []));
  if (zones.size > 1 || others.size < 2) return [];
  return [finding("SameZone", "advice", { subject, message: `All Pods run in zone ${[...zones].join("")}, and the nodes are in ${listed([...others])}.`, remedy })];
}

function checkImage({ image }: Deployment, subject: Subject): readonly Finding[] {
  if (image.includes("@sha256:")) return [];
  return [finding("ImageByTag", "advice", { subject, message: `It runs ${image}, and a tag may move.`, remedy: advise("Name its digest (chart value `image.digest`); `crane digest` says which.") })];
}
