import { arrayField, isObject, type JsonObject, numberField, objectField, stringField } from "../../json.ts";
import type { DecodedPolicy } from "../../trust/decode.ts";
import { problemLine, type TrustPolicy } from "../../trust/trust-policy.ts";

/** The condition `Ready`, as it stands in `status.conditions`. */
export interface ReadyCondition {
  readonly type: "Ready";
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, in whole seconds. */
  readonly lastTransitionTime: string;
  readonly observedGeneration: number | undefined;
}

/** What stands in a policy's `status`, as far as it is ours. */
export interface PolicyStatus {
  readonly observedGeneration: number | undefined;
  readonly ready: ReadyCondition | undefined;
}

/** As the API conventions bound a condition's message. */
const MAX_MESSAGE = 32 * 1024;

/** Reads `status` of an object. What is not as it should be is as if it were not there: it is written again. */
export function readStatus(object: JsonObject): PolicyStatus {
  const status = objectField(object, "status") ?? {};
  const condition = (arrayField(status, "conditions") ?? []).filter(isObject).find((each) => each["type"] === "Ready");
  return { observedGeneration: numberField(status, "observedGeneration"), ready: condition && readCondition(condition) };
}

/** What should stand there at this instant (milliseconds since the epoch). The transition's time stays while `status` does. */
export function statusOf({ generation, spec }: DecodedPolicy, policy: TrustPolicy, before: PolicyStatus, now: number): PolicyStatus {
  const { status, reason, message } = readiness(policy, spec.kind);
  const since = before.ready?.status === status ? before.ready.lastTransitionTime : "";
  const lastTransitionTime = since || `${new Date(now).toISOString().slice(0, 19)}Z`;
  return {
    observedGeneration: generation,
    ready: { type: "Ready", status, reason, message: bounded(message), lastTransitionTime, observedGeneration: generation },
  };
}

function readiness({ state }: TrustPolicy, spec: DecodedPolicy["spec"]["kind"]): Pick<ReadyCondition, "status" | "reason" | "message"> {
  switch (state.kind) {
    case "ready":
      return { status: "True", reason: "Valid", message: "the policy is in force" };
    case "unknown":
      return { status: "False", reason: "Unknown", message: state.message };
    case "invalid":
      return { status: "False", reason: spec === "unreadable" ? "Invalid" : "KeyUnavailable", message: state.problems.map(problemLine).join("\n") };
  }
}

// The API server does not keep half a character, and what it keeps is compared with this.
function bounded(message: string): string {
  const bytes = Buffer.from(message.toWellFormed());
  if (bytes.length <= MAX_MESSAGE) return bytes.toString();
  return `${bytes.subarray(0, MAX_MESSAGE - 8).toString().replace(/\uFFFD$/, "")} ...`;
}

function readCondition(condition: JsonObject): ReadyCondition {
  const text = (name: string): string => stringField(condition, name) ?? "";
  return {
    type: "Ready",
    status: text("status"),
    reason: text("reason"),
    message: text("message"),
    lastTransitionTime: text("lastTransitionTime"),
    observedGeneration: numberField(condition, "observedGeneration"),
  };
}
