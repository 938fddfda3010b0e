import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push } from "../../test/helpers/images.ts";
import { startRegistry } from "../../test/helpers/registry-double.ts";
import { minimalReview } from "../../test/helpers/reviews.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import { startPratique } from "../server.ts";
import { grid, milliseconds } from "../table.ts";

const ADMISSIONS = 1000;
const TEN = Array.from({ length: 10 }, (_, i) => i);

/** A thousand admissions at once over ten images from ten namespaces, with nothing in any cache: how often the registry is asked. */
export async function sharing(): Promise<void> {
  const registry = await startRegistry();
  const key = generateSigningKey();
  for (const i of TEN) signLegacy(registry, `shared-${i}`, push(registry, `shared-${i}`, imageManifest({ seed: `shared-${i}` }), "v1"), { key });
  const namespaces = Object.fromEntries(TEN.map((i) => [`team-${i}`, { "pratique.dev/enforce": "signed" }]));
  const pratique = await startPratique(registry, { namespaces, connections: ADMISSIONS });
  try {
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: ADMISSIONS }, (_, i) => pratique.post(reviewOf(`${registry.host}/shared-${i % 10}:v1`, `team-${Math.floor(i / 10) % 10}`))));
    const took = performance.now() - started;
    const allowed = answers.filter((answer) => answer.includes('"allowed":true')).length;
    const resolved = registry.requests.filter(({ path }) => path.endsWith("/manifests/v1")).length;
    const { resident } = await pratique.usage();
    const rows = [
      ["admitted", String(allowed)],
      ["images resolved, and so inspected", String(resolved)],
      ["requests to the registry", String(registry.requests.length)],
      ["from the first to the last answer, handshakes included", milliseconds(took)],
      ["resident memory", `${Math.round(resident)} MiB`],
    ];
    console.log(grid(`${ADMISSIONS.toLocaleString("en")} admissions at once over 10 images from 10 namespaces, each on a connection of its own`, [], rows));
  } finally {
    await Promise.all([pratique.close(), registry.close()]);
  }
}

function reviewOf(image: string, namespace: string): Buffer {
  const review = minimalReview(image);
  return Buffer.from(JSON.stringify({ ...review, request: { ...review.request, namespace } }));
}
