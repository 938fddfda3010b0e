import type { ObjectReference } from "../admission/object-reference.ts";
import type { Treatment } from "../audit/asked.ts";
import type { AuditReport, Counts, Drift, Finding, NamespaceSummary } from "../audit/report.ts";
import { parseReference, pinned, quote, ReferenceError } from "../image/reference.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Output } from "./io.ts";
import { colour, mark, type Paint, paintFor, verdictWords } from "./paint.ts";

/** The person's view: for each namespace its images by owner, what is wrong with them and what to do next; then a table. */
export function renderAuditText({ findings, namespaces }: AuditReport, output: Output): string {
  const paint = paintFor(output);
  const blocks = namespaces.map((summary) => [
    `${paint("bold", summary.namespace)}: ${treatmentText(summary.treatment)}`,
    ...findings.filter(({ namespace }) => namespace === summary.namespace).flatMap((finding) => findingLines(finding, paint)),
    "",
  ]);
  return `${[...blocks.flat(), ...table(namespaces, paint), "", total(findings, namespaces, paint)].join("\n")}\n`;
}

function treatmentText(treatment: Treatment): string {
  switch (treatment.kind) {
    case "judged": {
      const { level, by, notes } = treatment.asked;
      return [`judged by \`${level}\`, ${ASKERS[by]}`, ...notes].join("; ");
    }
    case "exempt":
      return treatment.line;
    case "unknown":
      return "not judged";
  }
}

const ASKERS: Readonly<Record<Extract<Treatment, { kind: "judged" }>["asked"]["by"], string>> = {
  enforce: "which it enforces",
  warn: "which it warns of and does not enforce",
  audit: "which it audits and does not enforce",
  caller: "as you ask",
  nobody: "though it asks for nothing and admits every image",
};

function findingLines({ owner, image, judgement, drift }: Finding, paint: Paint): readonly string[] {
  const { digest, verdict } = judgement;
  const resolved = digest === undefined || image.endsWith(digest) ? "" : ` (${digest})`;
  const isWell = verdict.kind === "trusted" || verdict.kind === "exempt";
  return [
    `  ${mark(verdict, paint)} ${ownerText(owner)}: ${shown(image)}${resolved}`,
    `    ${colour(verdict, paint, `${verdict.kind}, ${verdict.reason}`)}${isWell ? "" : `: ${detailOf(verdict)}`}`,
    ...("remedy" in verdict ? [`    ${paint("bold", "Next:")} ${remedyOf(verdict)}`] : []),
    ...drift.map((each) => `    ${paint("yellow", "drift")}: ${driftText(each, image)}`),
  ];
}

function detailOf(verdict: Verdict): string {
  const part = "part" in verdict ? verdict.part : undefined;
  return `${part === undefined ? "" : `${part.name}${part.more > 0 ? ` and ${part.more} more` : ""}: `}${verdict.detail}`;
}

// There is no request here, and so no uid in any log.
function remedyOf({ reason, remedy }: Extract<Verdict, { readonly remedy: string }>): string {
  return reason === "InternalError" ? "This is a defect of Pratique; please report it with the line on standard error." : remedy;
}

function driftText({ digest, pods, example }: Drift, image: string): string {
  const who = pods === 1 ? `Pod ${shown(example)} runs` : `${pods} Pods, ${shown(example)} among them, run`;
  return `${who} ${digest}, which this reference does not name now. A restart runs what was judged; \`pratique check ${running(image, digest)}\` judges what runs.`;
}

function running(image: string, digest: Drift["digest"]): string {
  try {
    return pinned(parseReference(image).repository, digest);
  } catch (error) {
    if (error instanceof ReferenceError) return digest;
    throw error;
  }
}

function ownerText({ kind, name }: ObjectReference): string {
  return `${shown(kind)} ${shown(name)}`;
}

// Kinds in owner references and images of Pods may be any text at all.
function shown(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : quote(text);
}

const COLUMNS = ["trusted", "untrusted", "undetermined", "exempt", "drifted"] as const satisfies readonly (keyof Counts)[];

function table(namespaces: readonly NamespaceSummary[], paint: Paint): readonly string[] {
  const head = ["NAMESPACE", "LEVEL", ...COLUMNS.map((column) => column.toUpperCase())];
  const rows = namespaces.map(({ namespace, treatment, counts }) => [namespace, treatment.kind === "judged" ? treatment.asked.level : "-", ...COLUMNS.map((column) => String(counts[column]))]);
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  const lines = [head, ...rows].map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "));
  return lines.map((line, index) => (index === 0 ? paint("bold", line) : line));
}

function total(findings: readonly Finding[], namespaces: readonly NamespaceSummary[], paint: Paint): string {
  const drifted = findings.filter(({ drift }) => drift.length > 0).length;
  const words = verdictWords(findings.map(({ judgement }) => judgement.verdict));
  return `${paint("bold", `${counted(findings.length, "image")} in ${counted(namespaces.length, "namespace")}:`)} ${words || "nothing to judge"}${drifted > 0 ? `; ${drifted} drifted` : ""}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
