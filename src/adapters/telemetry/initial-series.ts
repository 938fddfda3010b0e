import type { Entry } from "../../admission/entry.ts";
import { UNDETERMINED_REASONS, UNTRUSTED_REASONS } from "../../verdict/reason.ts";
import type { Instruments } from "./instruments.ts";
import { OTHER } from "./label-values.ts";

/** The reasons of requests that hold no review. */
const UNREAD_REASONS = ["InvalidRequest", "Overloaded", "InternalError"] as const;
/** Refused by an entry that enforces. */
const REFUSALS = [...UNTRUSTED_REASONS, ...UNDETERMINED_REASONS, "InvalidRequest"] as const;
const ENFORCING: readonly Entry[] = ["enforce", "templates"];
const JUDGED_OPERATIONS = ["CREATE", "UPDATE"] as const;
/** How a registry fails, as the status of a request. */
const FAILURES = ["error", "429", "500", "502", "503", "504"] as const;
const KINDS = ["manifest", "blob", "referrers", "token", "ping"] as const;
/** The caches that answer while a registry is out of reach. */
const STALE_CACHES = ["content", "signatures"] as const;

/**
 * Starts at zero what alerts count. Prometheus sees no increase in a series that is born at one, so the first refusal
 * after a start, which may be the only one, would go unseen. `registries`: as the label names them.
 */
export function startAtZero(instruments: Instruments, registries: readonly string[]): void {
  startRefusals(instruments);
  for (const registry of registries) {
    instruments.leftAlone.inc({ registry }, 0);
    instruments.inFlight.inc({ registry }, 0);
    for (const kind of KINDS) for (const status of FAILURES) instruments.requests.inc({ registry, kind, status }, 0);
  }
  for (const cache of STALE_CACHES) instruments.lookups.inc({ cache, result: "stale" }, 0);
  for (const result of ["written", "failed", "dropped"]) instruments.events.inc({ result }, 0);
  instruments.outageAdmissions.inc({ resource_namespace: "" }, 0);
}

function startRefusals({ admissions, admissionSeconds }: Instruments): void {
  for (const entry of ENFORCING) {
    for (const operation of JUDGED_OPERATIONS) for (const reason of REFUSALS) admissions.inc({ entry, operation, decision: "deny", reason }, 0);
    for (const decision of ["allow", "deny"]) admissionSeconds.zero({ entry, decision });
  }
  for (const reason of UNREAD_REASONS) admissions.inc({ entry: OTHER, operation: OTHER, decision: "deny", reason }, 0);
}
