import { imageLine } from "../admission/message.ts";
import type { AuditReport, Finding, NamespaceSummary } from "../audit/report.ts";

/** The machine's view (docs/audit.md): one document, and null for what is unknown or does not apply. */
export function renderAuditJson({ findings, namespaces, problems }: AuditReport): string {
  const levels = new Map(namespaces.map((summary) => [summary.namespace, levelOf(summary)]));
  const images = findings.map((finding) => imageJson(finding, levels.get(finding.namespace) ?? null));
  return `${JSON.stringify({ images, namespaces: namespaces.map(namespaceJson), problems }, null, 2)}\n`;
}

function imageJson({ namespace, owner, image, judgement, pods, drift }: Finding, level: string | null): object {
  const { digest, verdict } = judgement;
  const { apiVersion, kind, name } = owner;
  return {
    namespace,
    owner: { apiVersion, kind, name },
    reference: image,
    level,
    digest: digest ?? null,
    verdict: verdict.kind,
    reason: verdict.reason,
    message: imageLine(judgement),
    remedy: "remedy" in verdict ? verdict.remedy : null,
    pods,
    drift,
  };
}

function namespaceJson(summary: NamespaceSummary): object {
  const { namespace, treatment, counts } = summary;
  return { namespace, level: levelOf(summary), by: treatment.kind === "judged" ? treatment.asked.by : null, ...counts };
}

function levelOf({ treatment }: NamespaceSummary): string | null {
  return treatment.kind === "judged" ? treatment.asked.level : null;
}
