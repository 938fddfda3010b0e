// Registries that break in different ways, each with an image that may be looked up before and one that is not.
import { setTimeout as sleep } from "node:timers/promises";
import type { Digest } from "../../src/image/digest.ts";
import { createAuthority } from "../../test/helpers/certificates.ts";
import { signLegacy } from "../../test/helpers/cosign.ts";
import { imageManifest, push } from "../../test/helpers/images.ts";
import { type RegistryDouble, type RegistryOptions, startRegistry } from "../../test/helpers/registry-double.ts";
import { answerWith, type Behaviour, send } from "../../test/helpers/registry-faults.ts";
import { generateSigningKey } from "../../test/helpers/signing-key.ts";
import type { Folder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { type Proxy, startProxy } from "./proxy.ts";

/** One way to break. `begin` breaks it, once what is to be known of it is known. */
export interface Outage {
  /** As the first column of docs/outages.md has it. */
  readonly name: string;
  readonly host: string;
  /** What the configuration says of it. */
  readonly settings: object;
  /** A signed image of the repository `shop/web`; undefined where nothing could ever be looked up. */
  readonly image: Digest | undefined;
  begin(): Promise<void>;
  stop(): Promise<void>;
}

const SLOW_MS = 1_500;

export async function startOutages(folder: Folder): Promise<readonly Outage[]> {
  const slow: Behaviour = async ({ response, usual }) => {
    await sleep(SLOW_MS);
    send(response, usual);
  };
  return Promise.all([
    faulty("is stopped", (registry) => registry.close()),
    faulty("is silent", breakBy(() => undefined)),
    faulty("takes 1.5 s for each answer", breakBy(slow)),
    faulty("answers 503", breakBy(answerWith(503))),
    faulty("answers 429, and asks for an hour", breakBy(answerWith(429, { "retry-after": "3600" }))),
    faulty("answers 401", breakBy(answerWith(401))),
    expiring(folder),
    nameless(),
  ]);
}

function breakBy(behaviour: Behaviour): (registry: RegistryDouble) => Promise<void> {
  return async (registry) => registry.fault(/./, behaviour);
}

async function faulty(name: string, begin: (registry: RegistryDouble) => Promise<void>): Promise<Outage> {
  const { registry, image } = await filled();
  const settings = { host: registry.host, plainHTTP: true, allowPrivate: true, onOutage: "allow" };
  return { name, host: registry.host, settings, image, begin: () => begin(registry), stop: () => registry.close() };
}

// Two registries with the same images behind one port: one with a good certificate, then one whose certificate is over.
async function expiring(folder: Folder): Promise<Outage> {
  const authority = await createAuthority("registries");
  const names = { ips: ["127.0.0.1"] };
  const [good, over] = [await authority.issue(names), await authority.issue({ ...names, notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) })];
  const [before, after] = [await filled({ tls: good }), await filled({ tls: over })];
  const port = await freePort();
  const portOf = ({ host }: RegistryDouble): number => Number(host.split(":")[1]);
  let proxy: Proxy = await startProxy(port, portOf(before.registry));
  const host = `127.0.0.1:${port}`;
  const caFile = await folder.write("registries.crt", authority.cert);
  return {
    name: "shows a certificate that has expired",
    host,
    settings: { host, allowPrivate: true, caFile, onOutage: "allow" },
    image: before.image,
    begin: async () => {
      await proxy.close();
      proxy = await startProxy(port, portOf(after.registry));
    },
    stop: async () => {
      await Promise.all([proxy.close(), before.registry.close(), after.registry.close()]);
    },
  };
}

async function nameless(): Promise<Outage> {
  // RFC 2606: no name below it ever resolves.
  const host = "registry.invalid";
  const nothing = async (): Promise<void> => undefined;
  return { name: "has a name that does not resolve", host, settings: { host, onOutage: "allow" }, image: undefined, begin: nothing, stop: nothing };
}

async function filled(options: RegistryOptions = {}): Promise<{ readonly registry: RegistryDouble; readonly image: Digest }> {
  const registry = await startRegistry(options);
  const image = push(registry, "shop/web", imageManifest({ seed: "found before" }));
  signLegacy(registry, "shop/web", image, { key: generateSigningKey() });
  const other = push(registry, "shop/web", imageManifest({ seed: "new" }), "1");
  signLegacy(registry, "shop/web", other, { key: generateSigningKey() });
  return { registry, image };
}
