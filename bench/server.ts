import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { createApp } from "../src/app.ts";
import { parseConfig } from "../src/config.ts";
import type { Level } from "../src/verdict/level.ts";
import { loopbackCertificate } from "../test/helpers/certificates.ts";
import type { RegistryDouble } from "../test/helpers/registry-double.ts";
import { minimalReview } from "../test/helpers/reviews.ts";

/** The whole webhook, as an API server reaches it: over TLS, on one connection that stays open. */
export interface Server {
  admit(image: string): Promise<void>;
  close(): Promise<void>;
}

export async function startServer(registry: RegistryDouble, level: Level, policy: object): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "pratique-bench-"));
  const { cert, key, ca } = await loopbackCertificate();
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const config = {
    listen: "127.0.0.1:0",
    metricsListen: "127.0.0.1:0",
    drainSeconds: 0,
    logLevel: "error",
    tls: { certFile: await file("tls.crt", cert), keyFile: await file("tls.key", key) },
    namespaces: { shop: { "pratique.dev/enforce": level } },
    policyFiles: [await file("policy.yaml", stringify(policy))],
    registries: [{ host: registry.host, plainHTTP: true, allowPrivate: true }],
  };
  const app = createApp(parseConfig(stringify(config), "bench"), { cluster: { kind: "default" }, env: {} });
  const { webhook } = await app.start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  return {
    admit: async (image) => {
      const answer = await post({ port: webhook.port, agent }, JSON.stringify(minimalReview(image)));
      if (!answer.includes('"allowed":true')) throw new Error(`refused: ${answer}`);
    },
    close: async () => {
      agent.destroy();
      await app.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function post({ port, agent }: { readonly port: number; readonly agent: Agent }, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ host: "127.0.0.1", port, agent, path: "/validate/enforce?timeout=10s", method: "POST", headers }, (response) => {
      text(response).then(resolve, reject);
    });
    sent.on("error", reject).end(body);
  });
}
