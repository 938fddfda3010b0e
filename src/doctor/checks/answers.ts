import { causeOf } from "../call-failure.ts";
import { advise, type Finding, finding } from "../finding.ts";
import type { Reply } from "../reply.ts";
import type { EntryReply, Installation } from "../snapshot.ts";
import { entryName } from "../trial.ts";
import { severityOf, subjectOf } from "./entries.ts";

/** An entry that looks nothing up should answer much faster, in milliseconds. */
const SLOW_MS = 1000;

/** What became of the dry runs that the entries must refuse. */
export function checkAnswers(installation: Installation): readonly Finding[] {
  const { configuration, replies } = installation;
  if (configuration === undefined) return [];
  const subject = ({ entry }: EntryReply): Finding["subject"] => subjectOf(configuration, entryName(entry));
  const failures = replies.flatMap((asked) => (asked.reply.kind === "failed" ? [noAnswer(asked.reply, subject(asked), installation)] : []));
  if (failures.length > 0) return failures;
  return replies.flatMap((asked) => checkCalled(asked, subject(asked), installation).concat(checkTime(asked, subject(asked))));
}

function noAnswer({ failure, message }: Extract<Reply, { kind: "failed" }>, subject: Finding["subject"], installation: Installation): Finding {
  const { text, remedy } = causeOf(failure, installation);
  return finding("NoAnswer", "broken", { subject, message: `The API server could not call it, and no Pod starts in a namespace that enforces. ${text}${text === "" ? "" : " "}It says: ${message}`, remedy });
}

// Entries that ignore failures hide why; where the gate was asked too and failed, that says it for all of them.
function checkCalled({ entry, reply }: EntryReply, subject: Finding["subject"], { namespace, name }: Installation): readonly Finding[] {
  if (reply.kind !== "admitted") return [];
  return [
    finding("NotCalled", severityOf(entry), {
      subject,
      message: "The API server admitted a dry run that this entry must refuse: the entry was not called, or the call failed and failurePolicy Ignore let it pass.",
      remedy: advise("Mend what else is found; where nothing is, see whether the Pods answer:", `kubectl get pods -n ${namespace}`, `kubectl logs -n ${namespace} deployment/${name}`),
    }),
  ];
}

function checkTime({ reply, milliseconds }: EntryReply, subject: Finding["subject"]): readonly Finding[] {
  if (reply.kind !== "refused" || milliseconds < SLOW_MS) return [];
  return [finding("SlowAnswer", "advice", { subject, message: `It took ${milliseconds} ms to refuse what needs no look-up.`, remedy: advise("See whether the Pods have enough CPU, and what lies between the API server and them.") })];
}
