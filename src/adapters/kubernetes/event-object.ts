import { cutLines } from "../../admission/cut.ts";
import type { Announcement } from "../../admission/announcement.ts";
import type { JsonObject } from "../../json.ts";
import { isObjectName } from "./object-name.ts";
import { microTime } from "./timer.ts";

/** Who writes an Event, and when. */
export interface Writing {
  readonly holder: string;
  /** Unlike that of every other Event. */
  readonly suffix: string;
  readonly now: number;
}

const CONTROLLER = "pratique.dev/pratique";
/** The longest that the API server takes (k8s.io/kubernetes/pkg/apis/core/validation, "ValidateEventCreate"). */
const MAX_NOTE_BYTES = 1024;
const MAX_NAME = 200;

export function eventPath(namespace: string): readonly string[] {
  return ["apis", "events.k8s.io", "v1", "namespaces", namespace, "events"];
}

export function eventObject(announcement: Announcement, { holder, suffix, now }: Writing): { readonly name: string; readonly body: JsonObject } {
  const { namespace, about, action, reason } = announcement;
  const stem = about.name.slice(0, MAX_NAME).replace(/[^a-z0-9]+$/, "");
  const name = isObjectName(stem) ? `${stem}.${suffix}` : `pratique.${suffix}`;
  const body = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name, namespace },
    eventTime: microTime(now),
    reportingController: CONTROLLER,
    reportingInstance: holder.slice(0, 128),
    action,
    reason,
    type: "Warning",
    regarding: { ...about, namespace },
    note: eventNote(announcement),
  };
  return { name, body };
}

/** The lines, as many of them as an Event may hold. */
export function eventNote({ lines }: Announcement): string {
  const note = cutLines(lines, MAX_NOTE_BYTES).join("\n");
  const bytes = Buffer.from(note);
  // What ends within a character is a replacement character then, which is longer than what it stands for by at most two.
  return bytes.length <= MAX_NOTE_BYTES ? note : `${bytes.subarray(0, MAX_NOTE_BYTES - 6).toString()}...`;
}
