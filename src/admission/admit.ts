import { quote } from "../image/reference.ts";
import { type Outcome, WorkloadAdmission } from "./admit-workload.ts";
import { requestBudget } from "./budget.ts";
import { type Cause, type Decision, SKIPPED, refuseFor, warnOf } from "./decision.ts";
import { type EntryPath, isObserver, webhookName } from "./entry.ts";
import { Limit } from "./limit.ts";
import { admitNamespace } from "./namespace.ts";
import { admitPolicy, type PolicyRequest } from "./policy.ts";
import type { AdmissionPorts } from "./ports.ts";
import { type AdmissionAnswer, badRequest, reviewAnswer, unsupportedMediaType } from "./response.ts";
import { type Review, decodeReview } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";
import { scopeOf } from "./skip.ts";
import { workloadResource } from "./workload.ts";

/** One request as it came over HTTP. */
export interface AdmissionInput {
  /** By the path (`ENTRY_PATHS`). */
  readonly entry: EntryPath;
  readonly body: Uint8Array;
  /** The header as it was sent. */
  readonly contentType: string | undefined;
  /** When its first byte came, in milliseconds by the clock. */
  readonly receivedAt: number;
  /** The API server's `?timeout=` in milliseconds; undefined when it gave none. */
  readonly timeoutMs: number | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Admits one request: from the bytes of a review to the answer, in time, whatever happens on the way. */
export class Admission {
  readonly #ports: AdmissionPorts;
  readonly #settings: AdmissionSettings;
  readonly #workloads: WorkloadAdmission;

  constructor(ports: AdmissionPorts, settings: AdmissionSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#workloads = new WorkloadAdmission(ports, settings);
  }

  /** Never throws, and never allows what could not be understood (design, section 6). */
  async admit(input: AdmissionInput): Promise<AdmissionAnswer> {
    if (!isJson(input.contentType)) return unsupportedMediaType();
    const decoded = decodeReview(input.body);
    switch (decoded.kind) {
      case "no-review":
        return badRequest(decoded.message);
      case "invalid":
        return this.#answerInvalid(input, decoded.uid, decoded.message);
      case "review":
        return this.#answer(input, decoded.review);
    }
  }

  #answerInvalid(input: AdmissionInput, uid: string, message: string): AdmissionAnswer {
    const cause: Cause = { reason: "InvalidRequest", field: "request", message: `the AdmissionReview cannot be decoded (InvalidRequest): ${message}` };
    const decision = isObserver(input.entry) ? warnOf(cause) : refuseFor(cause);
    const about = { uid, operation: "unknown", namespace: "", resource: "unknown", name: "" };
    this.#record(input, about, { entry: input.entry, decision });
    return reviewAnswer({ uid, resource: undefined, name: "" }, decision);
  }

  async #answer(input: AdmissionInput, review: Review): Promise<AdmissionAnswer> {
    const outcome = await this.#outcome(input, review);
    const { uid, operation, resource, subresource, name, namespace = "" } = review;
    const about = { uid, operation, namespace, resource: subresource === undefined ? resource.resource : `${resource.resource}/${subresource}`, name };
    this.#record(input, about, outcome);
    return reviewAnswer(review, outcome.decision);
  }

  async #outcome(input: AdmissionInput, review: Review): Promise<Outcome> {
    const deadline = input.receivedAt + requestBudget(this.#settings.requestMilliseconds, input.timeoutMs);
    const limit = new Limit(deadline - this.#ports.timer.now(), input.signal, this.#ports.timer);
    try {
      return await this.#decide(input, review, limit);
    } catch (cause) {
      this.#ports.recorder.defect(review.uid, cause);
      return { entry: input.entry, decision: afterDefect(input.entry, review) };
    } finally {
      limit.close();
    }
  }

  async #decide({ entry: path, body }: AdmissionInput, review: Review, limit: Limit): Promise<Outcome> {
    const scope = scopeOf(review, path);
    switch (scope.kind) {
      case "skipped":
        return { entry: path, decision: SKIPPED };
      case "unknown":
        return { entry: path, decision: ofUnknown(path, review) };
      case "namespace":
        return { entry: "namespaces", decision: await admitNamespace(review, limit, this.#ports, this.#settings) };
      case "policy":
        return { entry: "policies", decision: await this.#admitPolicy({ review, kind: scope.policyKind, limit }) };
      case "workload":
        return this.#workloads.admit({ review, resource: scope.resource, path, limit, bytes: body.byteLength });
    }
  }

  #admitPolicy(request: PolicyRequest): Promise<Decision> {
    const { policySecrets: secrets } = this.#ports;
    const { installationNamespace } = this.#settings;
    return admitPolicy(request, { secrets, installationNamespace });
  }

  #record(input: AdmissionInput, about: About, { entry, decision }: Outcome): void {
    const seconds = Math.max(0, this.#ports.timer.now() - input.receivedAt) / 1000;
    this.#ports.recorder.admission({ ...about, entry, decision: decision.kind === "allow" ? "allow" : "deny", reason: decision.reason, seconds });
  }
}

interface About {
  readonly uid: string;
  readonly operation: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
}

// Content types have parameters, such as a charset; JSON is UTF-8 whatever they say.
function isJson(contentType: string | undefined): boolean {
  const [type = ""] = (contentType ?? "").split(";");
  return type.trim().toLowerCase() === "application/json";
}

function ofUnknown(path: EntryPath, { resource, subresource }: Review): Decision {
  const { group, version } = resource;
  const name = [group, version, resource.resource, subresource].filter((part) => part !== "" && part !== undefined).join("/");
  const message = `Pratique does not judge ${quote(name)} here (InvalidRequest): take it out of the rules of ${webhookName(path)}.`;
  const cause: Cause = { reason: "InvalidRequest", field: "request.resource", message };
  return isObserver(path) ? warnOf(cause) : refuseFor(cause);
}

// A defect is undetermined: it keeps a Pod out, and lets a template in with a warning, as any other.
function afterDefect(path: EntryPath, { resource }: Review): Decision {
  const message = "the request could not be checked: an unexpected error in Pratique (InternalError). Its log has the cause under this request's uid.";
  const cause: Cause = { reason: "InternalError", field: "request", message };
  const isTemplate = workloadResource(resource)?.kind === "template";
  return isObserver(path) || isTemplate ? warnOf(cause) : refuseFor(cause);
}
