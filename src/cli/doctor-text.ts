import { SEVERITIES, type Severity } from "../doctor/code.ts";
import type { Diagnosis } from "../doctor/diagnose.ts";
import { counted, type Finding, type Subject } from "../doctor/finding.ts";
import type { Reply } from "../doctor/reply.ts";
import type { Installation, Snapshot } from "../doctor/snapshot.ts";
import { entryName } from "../doctor/trial.ts";
import type { Output } from "./io.ts";
import { type Paint, paintFor } from "./paint.ts";
import { shown } from "./shown.ts";
import { wrap } from "./wrap.ts";

const NARROW = 80;
const WIDE = 120;

const MARKS: Readonly<Record<Severity, string>> = { danger: "✗", broken: "!", advice: "○" };
const COLOURS: Readonly<Record<Severity, "red" | "yellow" | "dim">> = { danger: "red", broken: "yellow", advice: "dim" };

/** The person's view: what is there, what is wrong with it, worst first, each with its remedy, and what was not looked at. */
export function renderDoctorText(snapshot: Snapshot, diagnosis: Diagnosis, output: Output): string {
  const paint = paintFor(output);
  const width = Math.min(Math.max(output.columns ?? NARROW, NARROW), WIDE);
  const blocks = [
    ...snapshot.installations.map((installation) => installationLines(installation, snapshot, paint)),
    ...SEVERITIES.map((severity) => severityLines(diagnosis.findings.filter((each) => each.severity === severity), { severity, paint, width })),
    unseenLines(diagnosis.unseen, paint, width),
    [totalLine(diagnosis, paint)],
  ];
  return `${blocks.flatMap((block) => (block.length === 0 ? [] : [block.join("\n")])).join("\n\n")}\n`;
}

function installationLines({ namespace, name, configuration, deployment, replies }: Installation, { serverVersion }: Snapshot, paint: Paint): readonly string[] {
  const known = deployment.kind === "seen" ? deployment.value : undefined;
  const pods = known === undefined ? "no Deployment seen" : `${known.ready} of ${counted(known.replicas, "Pod")} ready`;
  return [
    `${paint("bold", `${namespace}/${name}`)}: ${pods}, ${configuration === undefined ? "no webhooks" : counted(configuration.webhooks.length, "webhook")}, API server ${serverVersion.kind === "seen" ? serverVersion.value : "of unknown version"}`,
    ...(known === undefined ? [] : [`  ${paint("dim", shown(known.image))}`]),
    ...replies.map(({ entry, reply, milliseconds }) => `  ${replyMark(reply, paint)} ${entryName(entry)} ${REPLIES[reply.kind]}${reply.kind === "refused" ? ` in ${milliseconds} ms` : ""}`),
  ];
}

const REPLIES: Readonly<Record<Reply["kind"], string>> = { refused: "answers", admitted: "was not called", failed: "does not answer", unasked: "was not asked" };

function replyMark({ kind }: Reply, paint: Paint): string {
  if (kind === "refused") return paint("green", "✓");
  return kind === "unasked" ? paint("yellow", "?") : paint("red", "✗");
}

interface Style {
  readonly severity: Severity;
  readonly paint: Paint;
  readonly width: number;
}

function severityLines(findings: readonly Finding[], style: Style): readonly string[] {
  if (findings.length === 0) return [];
  return [style.paint("bold", style.severity), ...findings.flatMap((each) => findingLines(each, style))];
}

function findingLines({ code, severity, subject, message, remedy }: Finding, { paint, width }: Style): readonly string[] {
  const [first = "", ...rest] = wrap(`Next: ${shown(remedy.text)}`, width, "    ");
  return [
    `  ${paint(COLOURS[severity], `${MARKS[severity]} ${code}`)}  ${shown(subjectText(subject))}`,
    ...wrap(shown(message), width, "    "),
    first.replace("Next:", paint("bold", "Next:")),
    ...rest,
    // Whole, to be pasted.
    ...remedy.commands.map((command) => `      ${shown(command)}`),
  ];
}

function subjectText({ kind, namespace, name, part }: Subject): string {
  const place = namespace === undefined ? name : `${namespace}/${name}`;
  return [kind === "Cluster" ? "the cluster" : `${kind} ${place}`, ...(part === undefined ? [] : [part])].join(", ");
}

function unseenLines(unseen: readonly string[], paint: Paint, width: number): readonly string[] {
  if (unseen.length === 0) return [];
  return [paint("bold", "not looked at"), ...unseen.flatMap((why) => why.split("\n")).flatMap((why) => wrap(shown(`? ${why}`), width - 2, "    ").map((line, index) => (index === 0 ? line.slice(2) : line)))];
}

function totalLine({ findings, unseen }: Diagnosis, paint: Paint): string {
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((each) => each.severity === severity).length;
    return count === 0 ? [] : [paint(COLOURS[severity], `${count} ${severity}`)];
  });
  const open = unseen.length === 0 ? "" : `; ${counted(unseen.length, "thing")} not looked at`;
  const well = unseen.length === 0 ? "nothing is wrong" : "nothing is wrong with what was seen";
  return `${paint("bold", `${counted(findings.length, "finding")}:`)} ${counts.join(", ") || paint("green", well)}${open}`;
}
