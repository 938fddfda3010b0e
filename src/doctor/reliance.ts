import { readLabels } from "../admission/labels.ts";
import { NOTHING } from "./nothing.ts";
import type { Snapshot } from "./snapshot.ts";

/** Whether anybody counts on being refused what is not signed: what would be an outage or a hole there is advice elsewhere. */
export type Reliance = "relied-on" | "unused";

/** By the labels of the namespaces and the defaults of every installation. Where nobody could look, it is relied on. */
export function relianceOn({ namespaces, installations }: Snapshot): Reliance {
  if (namespaces.kind === "unseen") return "relied-on";
  const defaults = installations.flatMap(({ settings }) => (settings.kind === "seen" && settings.value.kind === "parsed" ? [settings.value.config.defaults] : []));
  const isEnforced = [NOTHING, ...defaults].some((demand) => namespaces.value.some(({ labels }) => readLabels(labels, demand).demand.enforce !== "none"));
  return isEnforced ? "relied-on" : "unused";
}
