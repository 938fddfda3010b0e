import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../../test/helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../../test/helpers/registry-double.ts";
import { minimalReview } from "../../test/helpers/reviews.ts";
import { generateSigningKey, type KeyKind } from "../../test/helpers/signing-key.ts";
import { type Load, percentile, steady } from "../load.ts";
import { policyFor } from "../policies.ts";
import { startPratique } from "../server.ts";
import { grid, milliseconds } from "../table.ts";

const PLATFORMS = ["amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64"];
const SIGNATURES = 50;

/** Warm admissions while an index is judged whose every platform is full of signatures by a stranger. */
export async function junk(): Promise<void> {
  const rows: (readonly string[])[] = [];
  for (const kind of ["ecdsa-p256", "ecdsa-p384", "ed25519", "ecdsa-p521"] as const) rows.push(await besideJunk(kind));
  console.log(grid(`Warm admissions at 200/s beside an index of ${PLATFORMS.length} platforms with ${SIGNATURES} strangers' signatures each`, ["the policy's key", "p50", "p99", "longest", "event loop p99", "longest", "the index"], rows));
}

async function besideJunk(kind: KeyKind): Promise<readonly string[]> {
  const registry = await startRegistry();
  const key = generateSigningKey(kind);
  const good = push(registry, "good", imageManifest({ seed: "good" }), "v1");
  signLegacy(registry, "good", good, { key });
  pushJunk(registry, kind);
  const pratique = await startPratique(registry, { namespaces: { shop: { "pratique.dev/enforce": "verified" } }, policies: [policyFor("release", key.publicKey)] });
  try {
    await pratique.admit(`${registry.host}/good@${good}`);
    const review = Buffer.from(JSON.stringify(minimalReview(`${registry.host}/good@${good}`)));
    await steady(() => pratique.post(review), { rate: 200, seconds: 1 });
    await pratique.usage();
    const refused = pratique.post(Buffer.from(JSON.stringify(minimalReview(`${registry.host}/junk:v1`))));
    const beside: Load = await steady(() => pratique.post(review), { rate: 200, seconds: 3 });
    const [, reason = "admitted"] = /\((\w+)\):/.exec(await refused) ?? [];
    const { delayP99, delayMax } = await pratique.usage();
    return [kind, ...[0.5, 0.99, 1].map((share) => milliseconds(percentile(beside.latencies, share))), milliseconds(delayP99), milliseconds(delayMax), reason];
  } finally {
    await Promise.all([pratique.close(), registry.close()]);
  }
}

function pushJunk(registry: RegistryDouble, kind: KeyKind): void {
  const stranger = generateSigningKey(kind);
  const entries = PLATFORMS.map((arch) => ({ image: imageManifest({ seed: arch, platform: `linux/${arch}` }), platform: `linux/${arch}` }));
  const { index, children } = pushIndex(registry, "junk", entries, "v1");
  for (const subject of [index, ...children]) for (let i = 0; i < SIGNATURES; i += 1) signLegacy(registry, "junk", subject, { key: stranger });
}
