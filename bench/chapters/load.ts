import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push } from "../../test/helpers/images.ts";
import { startRegistry } from "../../test/helpers/registry-double.ts";
import { minimalReview } from "../../test/helpers/reviews.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import { flatOut, joined, type Load, percentile, steady } from "../load.ts";
import { type Server, startBare, startPratique } from "../server.ts";
import { grid, milliseconds, time } from "../table.ts";

const ROUNDS = 5;
const RATE = 500;

/** Warm admissions beside a server that parses the review and answers the same bytes: how many, and how soon. */
export async function load(): Promise<void> {
  const registry = await startRegistry();
  const key = generateSigningKey();
  const image = push(registry, "load", imageManifest({ seed: "load" }), "v1");
  signLegacy(registry, "load", image, { key });
  const review = Buffer.from(JSON.stringify(minimalReview(`${registry.host}/load@${image}`)));
  const pratique = await startPratique(registry, { namespaces: { shop: { "pratique.dev/enforce": "signed" } } });
  const bare = await startBare(await pratique.post(review));
  const servers = { "bare node:https": bare, pratique };
  try {
    registry.reset();
    const atRate = await interleaved(servers, (server) => steady(() => server.post(review), { rate: RATE, seconds: 3 }));
    const usages = new Map(await Promise.all(Object.entries(servers).map(async ([name, server]) => [name, await server.usage()] as const)));
    const most = await interleaved(servers, (server) => flatOut(() => server.post(review), { workers: 16, seconds: 2 }));
    const cpu = new Map(await Promise.all(Object.entries(servers).map(async ([name, server]) => [name, (await server.usage()).cpu] as const)));
    const rows = Object.keys(servers).map((name) => {
      const { latencies } = atRate.get(name) ?? NOTHING;
      const { latencies: all, milliseconds: took } = most.get(name) ?? NOTHING;
      const usage = usages.get(name);
      return [name, milliseconds(percentile(latencies, 0.5)), milliseconds(percentile(latencies, 0.99)), milliseconds(usage?.delayP99 ?? Number.NaN), Math.round((all.length / took) * 1000).toLocaleString("en"), time((cpu.get(name) ?? Number.NaN) / all.length)];
    });
    console.log(grid(`Warm admissions over TLS, at ${RATE}/s and as many as possible (${registry.requests.length} requests to the registry)`, ["", "p50", "p99", "event loop p99", "most/s", "processor time each"], rows));
    const after = await Promise.all(Object.entries(servers).map(async ([name, server]) => [name, `${Math.round((await server.usage()).resident)} MiB`]));
    console.log(grid("Resident memory after that", [], after));
  } finally {
    await Promise.all([pratique.close(), bare.close(), registry.close()]);
  }
}

const NOTHING: Load = { latencies: [], milliseconds: Number.NaN };

// One after another in turns, so that whatever else the machine does falls on both alike. The first round warms up.
async function interleaved(servers: Readonly<Record<string, Server>>, run: (server: Server) => Promise<Load>): Promise<ReadonlyMap<string, Load>> {
  const loads = new Map<string, Load[]>(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, server] of Object.entries(servers)) {
      const taken = await run(server);
      if (round === 0) await server.usage();
      else loads.get(name)?.push(taken);
    }
  }
  return new Map([...loads].map(([name, all]) => [name, joined(all)]));
}
