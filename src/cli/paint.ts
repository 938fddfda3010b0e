import { styleText } from "node:util";

import type { Verdict } from "../verdict/verdict.ts";
import type { Output } from "./io.ts";

/** Gives a text a format where the output shows it. */
export type Paint = (format: "red" | "green" | "yellow" | "bold" | "dim", text: string) => string;

export function paintFor(output: Output): Paint {
  return (format, text) => styleText(format, text, { stream: output });
}

const MARKS: Readonly<Record<Verdict["kind"], string>> = { trusted: "✓", exempt: "○", untrusted: "✗", undetermined: "?" };

export function mark(verdict: Verdict, paint: Paint): string {
  return colour(verdict, paint, MARKS[verdict.kind]);
}

export function colour({ kind }: Verdict, paint: Paint, text: string): string {
  switch (kind) {
    case "trusted":
      return paint("green", text);
    case "exempt":
      return paint("dim", text);
    case "untrusted":
      return paint("red", text);
    case "undetermined":
      return paint("yellow", text);
  }
}

/** `3 trusted, 1 untrusted`: of each kind that there is, how many. */
export function verdictWords(verdicts: readonly Verdict[]): string {
  const counts = Object.keys(MARKS).map((kind) => ({ kind, count: verdicts.filter((verdict) => verdict.kind === kind).length }));
  return counts.flatMap(({ kind, count }) => (count > 0 ? [`${count} ${kind}`] : [])).join(", ");
}
