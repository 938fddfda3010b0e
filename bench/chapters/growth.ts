import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../../test/helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../../test/helpers/registry-double.ts";
import { minimalReview } from "../../test/helpers/reviews.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import { median } from "../measure.ts";
import { policyFor } from "../policies.ts";
import { type Server, startPratique } from "../server.ts";
import { grid, milliseconds } from "../table.ts";

const RUNS = 15;
const key = generateSigningKey();

/** What an admission costs as a cluster grows: the first time, and from then on. */
export async function growth(): Promise<void> {
  const registry = await startRegistry();
  try {
    console.log(await grown("Containers of one Pod, each with an image of its own", [1, 10, 100, 1000], registry, (count) => ({ images: images(registry, count) })));
    console.log(await grown("Platforms of an index, all of them signed", [1, 8, 32], registry, (count) => ({ images: [platforms(registry, count)] })));
    console.log(await grown("Signatures of an image of which the last is good", [1, 10, 50], registry, (count) => ({ images: [crowded(registry, count)] })));
    console.log(await grown("Namespaces with labels, and as many policies of namespaces", [1, 10, 100, 1000], registry, (count) => ({ images: images(registry, 1), namespaces: count })));
  } finally {
    await registry.close();
  }
}

interface Size {
  readonly images: readonly string[];
  readonly namespaces?: number;
}

async function grown(title: string, counts: readonly number[], registry: RegistryDouble, sizeOf: (count: number) => Size): Promise<string> {
  const rows: (readonly string[])[] = [];
  for (const count of counts) {
    const { images, namespaces = 1 } = sizeOf(count);
    const labels = Object.fromEntries(Array.from({ length: namespaces }, (_, i) => [i === 0 ? "shop" : `team-${i}`, { "pratique.dev/enforce": "verified" }]));
    const own = Object.keys(labels).map((namespace) => ownPolicy(namespace));
    const pratique = await startPratique(registry, { namespaces: labels, policies: [policyFor("release", key.publicKey), ...own] });
    const review = reviewOf(images);
    registry.reset();
    const first = await timed(pratique, review);
    const requests = registry.requests.length;
    const warm: number[] = [];
    for (let run = 0; run < RUNS; run += 1) warm.push(await timed(pratique, review));
    const { resident } = await pratique.usage();
    rows.push([String(count), milliseconds(first), String(requests), milliseconds(median(warm)), `${Math.round(resident)} MiB`]);
    await pratique.close();
  }
  return grid(title, ["", "first", "requests", "warm", "memory"], rows);
}

function ownPolicy(namespace: string): object {
  return { ...policyFor("own", key.publicKey), kind: "TrustPolicy", metadata: { name: "own", namespace } };
}

function images(registry: RegistryDouble, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const image = push(registry, "many", imageManifest({ seed: `many-${i}` }));
    if (registry.manifest("many", `${image.replace(":", "-")}.sig`) === undefined) signLegacy(registry, "many", image, { key });
    return `${registry.host}/many@${image}`;
  });
}

function platforms(registry: RegistryDouble, count: number): string {
  const entries = Array.from({ length: count }, (_, i) => ({ image: imageManifest({ seed: `p${i}`, platform: `linux/a${i}` }), platform: `linux/a${i}` }));
  const { index, children } = pushIndex(registry, `platforms-${count}`, entries, "v1");
  for (const digest of [index, ...children]) signLegacy(registry, `platforms-${count}`, digest, { key });
  return `${registry.host}/platforms-${count}@${index}`;
}

function crowded(registry: RegistryDouble, count: number): string {
  const image = push(registry, `crowded-${count}`, imageManifest({ seed: `crowded-${count}` }));
  const stranger = generateSigningKey();
  for (let i = 1; i < count; i += 1) signLegacy(registry, `crowded-${count}`, image, { key: stranger });
  signLegacy(registry, `crowded-${count}`, image, { key });
  return `${registry.host}/crowded-${count}@${image}`;
}

function reviewOf(names: readonly string[]): Buffer {
  const review = minimalReview();
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop" }, spec: { containers: names.map((image, i) => ({ name: `c${i}`, image })) } };
  return Buffer.from(JSON.stringify({ ...review, request: { ...review.request, object } }));
}

async function timed(pratique: Server, review: Buffer): Promise<number> {
  const start = performance.now();
  const answer = await pratique.post(review);
  if (!answer.includes('"allowed":true')) throw new Error(`refused: ${answer.slice(0, 2000)}`);
  return performance.now() - start;
}
