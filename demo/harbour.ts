import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { Writable } from "node:stream";
import { createApp } from "../src/app.ts";
import { parseConfig } from "../src/config.ts";
import { loopbackCertificate } from "../test/helpers/certificates.ts";
import { startRegistry } from "../test/helpers/registry-double.ts";
import { type Ship, pushFleet, type Tampering } from "./fleet.ts";

/** Labels by namespace: what the demo's namespaces ask for. */
export const NAMESPACES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { "pratique.dev/enforce": "signed" },
  "shop-covered": { "pratique.dev/enforce": "signed", "pratique.dev/index": "covered" },
  "shop-pinned": { "pratique.dev/enforce": "signed", "pratique.dev/require-digest": "true" },
  "shop-verified": { "pratique.dev/enforce": "verified" },
  rehearsal: { "pratique.dev/warn": "signed", "pratique.dev/audit": "signed" },
  sandbox: {},
};

/** A registry full of images and the real webhook before it, both on loopback. */
export interface Harbour {
  readonly ships: readonly Ship[];
  /** Posts a review over TLS and returns the answer's body. */
  review(path: string, body: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens everything that the demo needs. The certificate is thrown away afterwards, and so is what it was kept in. */
export async function openHarbour(tampering?: Tampering): Promise<Harbour> {
  const folder = await mkdtemp(join(tmpdir(), "pratique-demo-"));
  const { cert, key, ca } = await loopbackCertificate();
  await Promise.all([writeFile(join(folder, "tls.crt"), cert), writeFile(join(folder, "tls.key"), key)]);
  const registry = await startRegistry();
  const { ships, releaseKey } = pushFleet(registry, tampering);
  await writeFile(join(folder, "policy.yaml"), policy(registry.host, releaseKey));
  const app = createApp(parseConfig(configuration(registry.host, folder), "demo"), { cluster: { kind: "default" }, env: {}, logs: silence() });
  const { webhook } = await app.start();
  await app.ready;
  return {
    ships,
    review: (path, body) => post({ port: webhook.port, path, ca }, body),
    close: async () => {
      await app.stop();
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(host: string, folder: string): string {
  return JSON.stringify({
    listen: "127.0.0.1:0",
    metricsListen: "127.0.0.1:0",
    tls: { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") },
    signed: { repositories: [`${host}/shop/**`] },
    namespaces: NAMESPACES,
    policyFiles: [join(folder, "policy.yaml")],
    registries: [{ host, plainHTTP: true, allowPrivate: true }],
    drainSeconds: 0,
  });
}

// JSON is YAML, and `kubectl apply` would take this as it is.
function policy(host: string, releaseKey: string): string {
  const spec = { images: [{ glob: `${host}/shop/**` }], authorities: [{ name: "release", key: { data: releaseKey } }] };
  return JSON.stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "shop" }, spec });
}

// The log of a demo would bury its table.
function silence(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

interface Destination {
  readonly port: number;
  readonly path: string;
  readonly ca: string;
}

async function post({ port, path, ca }: Destination, body: unknown): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = request({ host: "127.0.0.1", port, path, ca, method: "POST", headers: { "content-type": "application/json" } });
  call.on("response", (response) => resolve(json(response)));
  call.on("error", reject);
  call.end(JSON.stringify(body));
  return promise;
}
