import type { Test } from "tap";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { minimalReview } from "../helpers/reviews.ts";
import { key } from "./case.ts";
import { type Answer, MAX_RESIDENT, startWebhook, type Webhook } from "./webhook.ts";

/** A webhook that asks for signatures, and an honest registry with the unsigned image `shop/web:unsigned`. */
export interface Fixture {
  readonly webhook: Webhook;
  readonly registry: RegistryDouble;
  /** That a Pod with this signed image, asked for by nobody else, is let in. */
  readonly isServed: (tag: string) => Promise<boolean>;
}

export async function start(t: Test, tlsSettings: object = {}): Promise<Fixture> {
  const registry = await startRegistry();
  t.teardown(() => registry.close());
  push(registry, "shop/web", imageManifest({ seed: "unsigned" }), "unsigned");
  const config = { registries: [{ host: registry.host, plainHTTP: true, allowPrivate: true }], namespaces: { shop: { "pratique.dev/enforce": "signed" } } };
  const webhook = await startWebhook(t, { config, zone: {} }, tlsSettings);
  const isServed = async (tag: string): Promise<boolean> => {
    signLegacy(registry, "shop/web", push(registry, "shop/web", imageManifest({ seed: tag }), tag), { key });
    return (await webhook.post(reviewOf([`${registry.host}/shop/web:${tag}`]))).body.response?.allowed === true;
  };
  return { webhook, registry, isServed };
}

/** A review of a Pod with these images, and so many bytes of annotations. */
export function reviewOf(images: readonly string[], bytes = 0): string {
  const review = minimalReview();
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  const metadata = bytes === 0 ? {} : { annotations: { note: "x".repeat(bytes) } };
  return JSON.stringify({ ...review, request: { ...review.request, object: { kind: "Pod", metadata, spec: { containers } } } });
}

/** What an answer comes to: its status, and for a review the reasons. Nothing here may ever be an allow. */
export function outcomeOf({ status, body: { response } }: Answer): string {
  if (response === undefined) return String(status);
  return response.allowed ? "allowed" : [...new Set(response.status?.details?.causes?.map(({ reason }) => reason))].join();
}

export async function staysSmall(t: Test, { webhook }: Fixture): Promise<void> {
  const peak = await webhook.peak();
  t.ok(peak < MAX_RESIDENT, `${Math.round(peak / 1e6)} MB resident`);
}
