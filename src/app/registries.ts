import { readFileSync } from "node:fs";

import { type DockerConfigError } from "../inspection/docker-config.ts";
import { DockerConfigFile } from "../adapters/registry/docker-config-file.ts";
import { systemResolve } from "../adapters/registry/dispatcher.ts";
import type { ProxySettings, RegistryEnvironment, RegistryObserver, RegistrySettings, Resolve } from "../adapters/registry/settings.ts";
import { type Config, type RegistryConfig, registryConfig } from "../config.ts";
import { CodedError, messageOf } from "../errors.ts";
import { matchesRepository } from "../image/glob.ts";
import { combineKeyrings, type Keyring, limitKeyring } from "../inspection/keyring.ts";
import type { Clock } from "../inspection/ports.ts";

/** A file that the configuration names and that cannot be used. */
export class StartError extends CodedError<"Unreadable"> {}

/** The variables of a process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface RegistryParts {
  readonly config: Config;
  readonly env: Environment;
  readonly clock: Clock;
  readonly observer: RegistryObserver;
  /** How names of hosts are resolved; as the system does when absent. */
  readonly resolve?: Resolve | undefined;
}

/** What the registry client takes from outside, by the configuration. Reads the CA files. Throws StartError. */
export function registryEnvironment({ config, env, clock, observer, resolve = systemResolve }: RegistryParts): RegistryEnvironment {
  const authorities = new Map(config.registries.map(({ host, caFile }) => [host, caFile === undefined ? undefined : readAuthority(host, caFile)]));
  return {
    settingsFor: (host) => settingsOf(registryConfig(config, host), authorities),
    privateAddresses: config.privateAddresses,
    proxy: proxyOf(env),
    clock,
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

function settingsOf(registry: RegistryConfig, authorities: ReadonlyMap<string, string | undefined>): RegistrySettings {
  const { plainHTTP, allowPrivate, tokenRealms, maxInFlight } = registry;
  return { plainHTTP, allowPrivate, tokenRealms, maxInFlight, ca: authorities.get(registry.host) };
}

function readAuthority(host: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError("Unreadable", `the caFile of registry ${host} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

// Lower case wins, as in curl; HTTP_PROXY in capitals is no danger where no CGI runs.
function proxyOf(env: Environment): ProxySettings | undefined {
  const read = (name: string): string => env[name] || env[name.toUpperCase()] || "";
  const proxy = { http: read("http_proxy"), https: read("https_proxy"), none: read("no_proxy") };
  return proxy.http === "" && proxy.https === "" ? undefined : proxy;
}
