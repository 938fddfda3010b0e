import { readFileSync } from "node:fs";

import { type DockerConfigError } from "../inspection/docker-config.ts";
import { DockerConfigFile } from "../adapters/registry/docker-config-file.ts";
import { systemResolve } from "../adapters/registry/dispatcher.ts";
import type { Persistence, RegistryEnvironment, RegistryObserver, RegistrySettings, Resolve } from "../adapters/registry/settings.ts";
import { type Config, type RegistryConfig, registryConfig } from "../config.ts";
import { messageOf } from "../errors.ts";
import { matchesRepository } from "../image/glob.ts";
import { combineKeyrings, type Keyring, limitKeyring } from "../inspection/keyring.ts";
import type { Clock, Timer } from "../inspection/ports.ts";
import { readClientCertificate } from "./client-certificate.ts";
import type { Environment } from "./environment.ts";
import { proxySettings } from "./proxy-settings.ts";
import { StartError } from "./start-error.ts";

export interface RegistryParts {
  readonly config: Config;
  readonly env: Environment;
  readonly clock: Timer;
  readonly observer: RegistryObserver;
  /** How names of hosts are resolved; as the system does when absent. */
  readonly resolve?: Resolve | undefined;
}

/** What the registry client takes from outside, by the configuration. Reads the files of certificates. Throws StartError. */
export function registryEnvironment({ config, env, clock, observer, resolve = systemResolve }: RegistryParts): RegistryEnvironment {
  const files = new Map(config.registries.map((registry) => [registry.host, readFiles(registry)]));
  return {
    settingsFor: (host) => settingsOf(registryConfig(config, host), files),
    privateAddresses: config.privateAddresses,
    proxy: proxySettings(env),
    clock,
    persistence: persistenceOf(config),
    observer,
    resolve,
  };
}

/**
 * The installation's credentials, each for the repositories that the configuration grants it to. Throws
 * DockerConfigError for a file that cannot be read now; later faults go to `onFault`.
 */
export function installationKeyring(config: Config, clock: Clock, onFault: (fault: DockerConfigError) => void): Keyring {
  return combineKeyrings(
    config.registries.flatMap(({ host, dockerConfigFile, repositories }) => {
      if (dockerConfigFile === undefined) return [];
      const file = new DockerConfigFile(dockerConfigFile, clock, onFault);
      return [limitKeyring(file, (repository) => repository.host === host && repositories.some((glob) => matchesRepository(glob, repository)))];
    }),
  );
}

// Silence ends well before a review's time does, so that the answer can say whose fault it is.
function persistenceOf({ requestSeconds }: Config): Persistence {
  return { attempts: 3, silenceMs: Math.min(5_000, requestSeconds * 625), jitter: Math.random };
}

type Files = Pick<RegistrySettings, "ca" | "client">;

function settingsOf(registry: RegistryConfig, files: ReadonlyMap<string, Files>): RegistrySettings {
  const { plainHTTP, allowPrivate, tokenRealms, maxInFlight } = registry;
  return { plainHTTP, allowPrivate, tokenRealms, maxInFlight, ...(files.get(registry.host) ?? NO_FILES) };
}

const NO_FILES: Files = { ca: undefined };

function readFiles({ host, caFile, client }: RegistryConfig): Files {
  return { ca: caFile === undefined ? undefined : readAuthority(host, caFile), client: client && readClientCertificate(host, client) };
}

function readAuthority(host: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError("Unreadable", `the caFile of registry ${host} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
