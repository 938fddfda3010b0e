import type { Timer } from "../../src/adapters/kubernetes/timer.ts";

/** A clock with alarms that a test turns by hand. */
export interface HandTimer extends Timer {
  /** Goes forward, and runs on the way whatever becomes due. */
  advance(milliseconds: number): void;
  /** How far away each alarm is, in milliseconds, nearest first. */
  alarms(): readonly number[];
}

interface Alarm {
  readonly at: number;
  readonly action: () => void;
}

export function handTimer(start: number = Date.parse("2026-11-23T17:00:00Z")): HandTimer {
  const alarms = new Set<Alarm>();
  const inOrder = (): Alarm[] => [...alarms].sort((a, b) => a.at - b.at);
  let now = start;
  return {
    now: () => now,
    after: (milliseconds, action) => {
      const alarm = { at: now + milliseconds, action };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    advance: (milliseconds) => {
      const end = now + milliseconds;
      for (let [due] = inOrder(); due !== undefined && due.at <= end; [due] = inOrder()) {
        alarms.delete(due);
        now = due.at;
        due.action();
      }
      now = end;
    },
    alarms: () => inOrder().map(({ at }) => at - now),
  };
}
