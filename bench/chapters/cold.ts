import { setTimeout as sleep } from "node:timers/promises";
import { signBundle } from "../../test/helpers/cosign-bundle.ts";
import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../../test/helpers/images.ts";
import { COLD_LAYOUTS, coldCost } from "../../test/helpers/cold-layouts.ts";
import { clientOf } from "../../test/helpers/registry-client.ts";
import { type RegistryDouble, startRegistry } from "../../test/helpers/registry-double.ts";
import { type Behaviour, send } from "../../test/helpers/registry-faults.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import { median } from "../measure.ts";
import { grid, milliseconds } from "../table.ts";
import { startWorld } from "../world.ts";

/** Milliseconds that the registry takes for each request. */
const DELAYS = [0, 10, 40];
const RUNS = 9;

/** Images that nobody has asked about: what is asked for them, and how long it takes as the registry gets further away. */
export async function coldImages(): Promise<void> {
  await requestsAndRounds();
  await latencies();
}

async function requestsAndRounds(): Promise<void> {
  const rows: (readonly string[])[] = [];
  for (const { name, api, rule, build } of COLD_LAYOUTS) {
    const registry = await startRegistry({ referrers: api === "with" });
    const client = clientOf(registry);
    const digest = build(registry);
    const look = async (target: string) => coldCost({ registry, client, target, level: "signed", rule });
    const [byTag, byDigest] = [await look(":v1"), await look(`@${digest}`)];
    rows.push([name, ...[byTag, byDigest].flatMap(({ requests, rounds }) => [String(requests), String(rounds)])]);
    await client.close();
    await registry.close();
  }
  console.log(grid("Requests and rounds of a cold image, by tag and by digest", ["", "requests", "rounds", "requests", "rounds"], rows));
}

async function latencies(): Promise<void> {
  const world = await startWorld();
  const { registry, webhook } = world;
  const rows: (readonly string[])[] = [];
  for (const [name, reference] of Object.entries(imagesOf(registry))) {
    registry.heal();
    registry.reset();
    await webhook("signed").admit(reference);
    const requests = registry.requests.length;
    const times: string[] = [];
    for (const delay of DELAYS) {
      registry.fault(/./, late(delay));
      const runs: number[] = [];
      for (let run = 0; run < RUNS; run += 1) runs.push(await timed(() => webhook("signed").admit(reference)));
      times.push(milliseconds(median(runs)));
    }
    rows.push([name, String(requests), ...times]);
  }
  console.log(grid("A cold admission, by what the registry takes for each request (median of 9)", ["", "requests", ...DELAYS.map((delay) => `${delay} ms`)], rows));
  await world.close();
}

function imagesOf(registry: RegistryDouble): Readonly<Record<string, string>> {
  const key = generateSigningKey();
  const signed = (name: string, sign: typeof signLegacy | typeof signBundle) => {
    const image = push(registry, name, imageManifest({ seed: name }), "v1");
    sign(registry, name, image, { key });
    return image;
  };
  const [legacy, bundle] = [signed("cold-sig", signLegacy), signed("cold-bundle", signBundle)];
  const entries = ["amd64", "arm64"].map((arch) => ({ image: imageManifest({ seed: arch, platform: `linux/${arch}` }), platform: `linux/${arch}` }));
  const { index, children } = pushIndex(registry, "cold-index", entries, "v1");
  for (const digest of [index, ...children]) signLegacy(registry, "cold-index", digest, { key });
  return {
    ".sig, by tag": `${registry.host}/cold-sig:v1`,
    ".sig, by digest": `${registry.host}/cold-sig@${legacy}`,
    "bundle, by tag": `${registry.host}/cold-bundle:v1`,
    "bundle, by digest": `${registry.host}/cold-bundle@${bundle}`,
    "index of two, both, by tag": `${registry.host}/cold-index:v1`,
  };
}

function late(delay: number): Behaviour {
  return async ({ response, usual }) => {
    if (delay > 0) await sleep(delay);
    send(response, usual);
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
