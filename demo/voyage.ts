import { arrayField, field, isObject, objectField, stringField } from "../src/json.ts";
import { recordedReview } from "../test/helpers/reviews.ts";
import type { Ship } from "./fleet.ts";
import { type Harbour, NAMESPACES } from "./harbour.ts";

/** What the webhook answered to one review, as it came over TLS. */
export interface Landing {
  readonly namespace: string;
  readonly ship: Ship;
  readonly decision: "admitted" | "warned" | "refused";
  /** The word of the closed list; empty when nothing was found wrong. */
  readonly reason: string;
  /** The same for a person: `is not signed for linux/arm64`. */
  readonly finding: string;
  /** What kubectl would show. */
  readonly message: string;
}

/** The rows of the demo's table: a namespace, and the ships that call at it. */
const VOYAGES: readonly (readonly [namespace: string, ships: readonly string[] | "all"])[] = [
  ["shop", "all"],
  ["shop-covered", ["cache", "search"]],
  ["shop-pinned", ["api"]],
  ["shop-verified", ["web", "plugin", "debug"]],
  ["rehearsal", ["api", "debug"]],
  ["sandbox", ["debug"]],
];

/** Sends a Pod of each image to the namespaces, as the API server does, and yields each answer. */
export async function* voyages(harbour: Harbour): AsyncGenerator<Landing> {
  for (const [namespace, names] of VOYAGES) {
    const ships = harbour.ships.filter(({ image }) => names === "all" || names.some((name) => image.includes(`/${name}:`)));
    for (const ship of ships) yield land(namespace, ship, await harbour.review(pathOf(namespace), reviewOf(namespace, ship)));
  }
}

// The entry that the chart's selectors would choose by the namespace's labels.
function pathOf(namespace: string): string {
  const labels = NAMESPACES[namespace] ?? {};
  if (labels["pratique.dev/enforce"] !== undefined) return "/validate/enforce?timeout=10s";
  return labels["pratique.dev/warn"] === undefined ? "/validate?timeout=10s" : "/validate/observe-warn?timeout=3s";
}

/** A review that a real API server sent for a Pod, with another namespace and one container of this image. */
function reviewOf(namespace: string, { image }: Ship): unknown {
  const body = structuredClone(recordedReview("pod-create").body) as { request: { namespace: string; object: { metadata: object; spec: object } } };
  const { request } = body;
  request.namespace = namespace;
  Object.assign(request.object.metadata, { namespace });
  Object.assign(request.object.spec, { initContainers: [], volumes: [], imagePullSecrets: [], containers: [{ name: "web", image }] });
  return body;
}

function land(namespace: string, ship: Ship, answer: unknown): Landing {
  const response = (isObject(answer) ? objectField(answer, "response") : undefined) ?? {};
  const status = objectField(response, "status") ?? {};
  const warning = (arrayField(response, "warnings") ?? []).find((line) => typeof line === "string");
  const isAllowed = field(response, "allowed") === true;
  const message = isAllowed ? (warning ?? "") : (stringField(status, "message") ?? "the webhook gave no answer");
  const decision = isAllowed ? (warning === undefined ? "admitted" : "warned") : "refused";
  return { namespace, ship, decision, ...partsOf(message), message };
}

/** `... image (digest) FINDING (REASON): detail`, as section "The answer" of the documentation shows it. */
function partsOf(message: string): Pick<Landing, "finding" | "reason"> {
  const [, finding = "", reason = ""] = / (is (?:not )?[^()]*|has [^()]*) \(([A-Z][A-Za-z]+)\)/.exec(message) ?? [];
  return { finding, reason };
}
