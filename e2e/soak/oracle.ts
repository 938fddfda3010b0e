// What Pratique may have answered, by everything that was true around the time, and nothing that Pratique says.
import type { Timeline } from "./timeline.ts";

export type Level = "none" | "signed";
export type Health = "up" | "down";

/** The parts of the world that change. */
export interface Facts {
  readonly levels: ReadonlyMap<string, Timeline<Level>>;
  /** Which content a tag names. */
  readonly tags: ReadonlyMap<string, Timeline<string>>;
  /** By content: whether it is signed. */
  readonly signed: ReadonlyMap<string, Timeline<boolean>>;
  readonly registry: Timeline<Health>;
  readonly apiServer: Timeline<Health>;
}

export interface Asked {
  readonly namespace: string;
  /** A tag, or a content by its digest. */
  readonly target: { readonly kind: "tag"; readonly tag: string } | { readonly kind: "digest"; readonly content: string };
  /** Milliseconds: when it was sent, and when the answer was there. */
  readonly from: number;
  readonly to: number;
}

export type Outcome = "admitted" | "Unsigned" | "undetermined";

const SECOND = 1000;
/** How old what an answer rests on may be (design, sections 8 and 9), with half a second for the clocks. */
const TAG = 10.5 * SECOND;
const ABSENCE = 5.5 * SECOND;
/** A watch that works tells of a change at once; one that was broken, within ten seconds of the API server's return. */
const WATCH = 3 * SECOND;
const RECOVERY = 15 * SECOND;

/** The outcomes that are right. */
export function possible(facts: Facts, { namespace, target, from, to }: Asked): ReadonlySet<Outcome> {
  const outcomes = new Set<Outcome>();
  const wasBroken = facts.apiServer.during(from - RECOVERY, to).has("down");
  const levels = known(facts.levels, namespace).during(from - (wasBroken ? 2 * RECOVERY : WATCH), to);
  if (levels.has("none")) outcomes.add("admitted");
  if (wasBroken || (levels.has("signed") && facts.registry.during(from - RECOVERY, to).has("down"))) outcomes.add("undetermined");
  if (!levels.has("signed")) return outcomes;
  const contents = target.kind === "digest" ? [target.content] : known(facts.tags, target.tag).during(from - TAG, to);
  for (const content of contents) {
    for (const isSigned of known(facts.signed, content).during(from - ABSENCE, to)) outcomes.add(isSigned ? "admitted" : "Unsigned");
  }
  return outcomes;
}

function known<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name);
  if (value === undefined) throw new RangeError(`the world has no ${name}`);
  return value;
}
