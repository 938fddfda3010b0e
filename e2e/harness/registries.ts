// Real registries on loopback: one with the referrers API, three without it that differ in how they let people in.
import { join } from "node:path";
import { request } from "undici";
import { stringify } from "yaml";
import { createAuthority } from "../../test/helpers/certificates.ts";
import { program } from "../programs.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { type Running, start, until } from "./process.ts";
import { type Account, startTokenService } from "./token-server.ts";

export const REGISTRY_NAMES = ["referrers", "plain", "htpasswd", "token"] as const;
export type RegistryName = (typeof REGISTRY_NAMES)[number];

export interface Registry {
  readonly name: RegistryName;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Undefined where everybody may read and write. */
  readonly account: Account | undefined;
  /** `host:port` of its token service. */
  readonly tokenRealm: string | undefined;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: connections are accepted, and nothing comes. */
  freeze(): void;
  thaw(): void;
  /** Starts it again where it was; what it had on disk is there again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const SERVICE = "registry.e2e";
const ISSUER = "e2e token service";
export const ACCOUNT: Account = { username: "shop", password: "correct horse" };
// bcrypt of the account's password.
const HTPASSWD = "shop:$2y$05$N9qo8uLOickgx2ZMRZoMyeySTQZHYTvN5Lzja/W0KswX.y7D.SAs6\n";

interface Parts {
  readonly program: string;
  readonly args: readonly string[];
  readonly account: Account | undefined;
  readonly tokenRealm?: string;
  /** Stops what the registry needs beside itself. */
  readonly close: () => Promise<void>;
}

/** Starts a registry and waits until it answers. */
export async function startRegistry(name: RegistryName): Promise<Registry> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const parts = await prepare(name, folder, host);
  let running = await launch(parts, host);
  return {
    name,
    host,
    account: parts.account,
    tokenRealm: parts.tokenRealm,
    kill: () => running.kill(),
    freeze: () => running.signal("SIGSTOP"),
    thaw: () => running.signal("SIGCONT"),
    restart: async () => {
      running = await launch(parts, host);
    },
    stop: async () => {
      await running.kill();
      await parts.close();
      await folder.remove();
    },
  };
}

async function launch(parts: Parts, host: string): Promise<Running> {
  const running = start(parts.program, parts.args);
  await until(`the registry on ${host} answers`, () => answers(host), { evidence: () => running.output() });
  return running;
}

async function answers(host: string): Promise<true> {
  const response = await request(`http://${host}/v2/`);
  await response.body.dump();
  return true;
}

async function prepare(name: RegistryName, folder: Folder, host: string): Promise<Parts> {
  const nothing = async (): Promise<void> => undefined;
  switch (name) {
    case "referrers":
      return { program: program("registry"), args: ["-address", host], account: undefined, close: nothing };
    case "plain":
      return { ...(await debian(folder, host, {})), account: undefined, close: nothing };
    case "htpasswd": {
      const path = await folder.write("htpasswd", HTPASSWD);
      return { ...(await debian(folder, host, { htpasswd: { realm: "e2e", path } })), account: ACCOUNT, close: nothing };
    }
    case "token": {
      const authority = await createAuthority(ISSUER);
      const signer = await authority.issue({ name: "token signer" });
      const service = await startTokenService({ service: SERVICE, issuer: ISSUER, signer, account: ACCOUNT });
      const rootcertbundle = await folder.write("authority.crt", authority.cert);
      // By name: crane and cosign refuse a token service by its private address.
      const realm = service.host.replace("127.0.0.1", "localhost");
      const token = { realm: `http://${realm}/token`, service: SERVICE, issuer: ISSUER, rootcertbundle };
      return { ...(await debian(folder, host, { token })), account: ACCOUNT, tokenRealm: realm, close: () => service.close() };
    }
  }
}

async function debian(folder: Folder, host: string, auth: Readonly<Record<string, unknown>>): Promise<Pick<Parts, "program" | "args">> {
  const config = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder.path, "data") } },
    http: { addr: host },
    ...(Object.keys(auth).length === 0 ? {} : { auth }),
  };
  return { program: program("docker-registry"), args: ["serve", await folder.write("config.yml", stringify(config))] };
}
