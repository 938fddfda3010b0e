import type { Clock } from "../../src/inspection/ports.ts";

/** A clock that only moves when a test says so. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
}

/** Starts at the instant at which most of the fixtures were signed. */
export function manualClock(start: number = Date.parse("2026-11-23T17:00:00Z")): ManualClock {
  let now = start;
  return {
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
