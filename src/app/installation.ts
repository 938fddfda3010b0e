import { acrIssuer } from "../adapters/registry/cloud/acr.ts";
import { ecrIssuer } from "../adapters/registry/cloud/ecr.ts";
import { cloudExchange } from "../adapters/registry/cloud/exchange.ts";
import { garIssuer } from "../adapters/registry/cloud/gar.ts";
import { type Issuer, KeptCredential } from "../adapters/registry/cloud/issued.ts";
import type { CloudWorld } from "../adapters/registry/cloud/world.ts";
import type { RegistryEnvironment } from "../adapters/registry/settings.ts";
import type { Config, RegistryConfig } from "../config.ts";
import { matchesRepository } from "../image/glob.ts";
import type { DockerConfigError } from "../inspection/docker-config.ts";
import type { InstallationCredentials } from "../inspection/ports.ts";
import type { Environment } from "./environment.ts";
import { installationKeyring } from "./registries.ts";

export interface InstallationParts {
  readonly config: Config;
  readonly env: Environment;
  readonly environment: RegistryEnvironment;
  /** Hears of a file with credentials that can no longer be read; those that it had go on. */
  readonly onFault: (fault: DockerConfigError) => void;
}

/**
 * All credentials of the installation: those of files, and those that clouds issue to the identity of this workload. Throws
 * DockerConfigError for a file that cannot be read now.
 */
export function installationCredentials({ config, env, environment, onFault }: InstallationParts): InstallationCredentials {
  const keyring = installationKeyring(config, environment.clock, onFault);
  const world: CloudWorld = { env, exchange: cloudExchange(environment), clock: environment.clock };
  const issued = new Map<string, Grant>(
    config.registries.flatMap((registry) => {
      const issuer = issuerOf(registry, environment, world);
      return issuer === undefined ? [] : [[registry.host, { credential: new KeptCredential(registry.host, issuer, world.clock), repositories: registry.repositories }]];
    }),
  );
  return {
    credentialsFor: async (repository, call) => {
      const own = issued.get(repository.host);
      if (own === undefined || !own.repositories.some((glob) => matchesRepository(glob, repository))) return keyring.credentialsFor(repository);
      return [await own.credential.obtain(call)];
    },
  };
}

interface Grant {
  readonly credential: KeptCredential;
  readonly repositories: RegistryConfig["repositories"];
}

function issuerOf({ host, credentials }: RegistryConfig, environment: RegistryEnvironment, world: CloudWorld): Issuer | undefined {
  switch (credentials) {
    case "none":
      return undefined;
    case "ecr":
      return ecrIssuer(host, world);
    case "gar":
      return garIssuer(world);
    case "acr":
      return acrIssuer({ host, ca: environment.settingsFor(host).ca }, world);
  }
}
