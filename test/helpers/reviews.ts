import { readdirSync } from "node:fs";
import { fixture } from "./layouts.ts";

/** What a real API server posted to the webhook. */
export interface RecordedReview {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The parts of an AdmissionReview that a test may want to change; a real one has more. */
export interface Review {
  apiVersion: string;
  kind: string;
  request: ReviewRequest;
}

export interface ReviewRequest {
  uid: string;
  kind: { group: string; version: string; kind: string };
  resource: { group: string; version: string; resource: string };
  subResource?: string;
  name: string;
  namespace: string;
  operation: string;
  userInfo: { username: string };
  object: unknown;
  oldObject?: unknown;
  dryRun: boolean;
}

/** The names under which `recordedReview` finds something. */
export function recordedReviewNames(): readonly string[] {
  const files = readdirSync(new URL("../fixtures/reviews/", import.meta.url));
  return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length)).sort();
}

/** One of `test/fixtures/reviews`: `pod-create`, `deployment-scale` and so on. */
export function recordedReview(name: string): RecordedReview {
  return JSON.parse(fixture(`reviews/${name}.json`).toString("utf8")) as RecordedReview;
}

/** The smallest AdmissionReview that is complete: somebody creates a Pod with one container in the namespace `shop`. */
export function minimalReview(image = "registry.example.com/shop/web:1.4"): Review {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "6f1c1d7e-0000-4000-8000-000000000001",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "ann" },
      object: minimalPod(image),
      dryRun: false,
    },
  };
}

export function minimalPod(image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop" },
    spec: { containers: [{ name: "web", image }] },
  };
}
