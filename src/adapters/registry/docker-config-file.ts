import { readFileSync, statSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import type { Repository } from "../../image/reference.ts";
import type { Credential } from "../../inspection/credential.ts";
import { type DockerConfig, DockerConfigError, parseDockerConfigJson } from "../../inspection/docker-config.ts";
import { type Keyring, keyringOf } from "../../inspection/keyring.ts";
import type { Clock } from "../../inspection/ports.ts";

/** Milliseconds between two looks at whether the file has changed. */
const INTERVAL = 10_000;

/** Reads a `config.json` of docker. Throws DockerConfigError, which names the file. */
export function readDockerConfigFile(path: string): DockerConfig {
  try {
    return parseDockerConfigJson(readFileSync(path));
  } catch (error) {
    if (error instanceof DockerConfigError) throw new DockerConfigError(error.code, `${path}: ${error.message}`);
    throw new DockerConfigError("Unreadable", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The keyring of a docker config file that may change, as a mounted Secret does. It is looked at when credentials are
 * asked for, at most every 10 s. What is there must be readable at first; a later fault goes to `onFault`, and the
 * keyring stays as it was.
 */
export class DockerConfigFile implements Keyring {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onFault: (fault: DockerConfigError) => void;
  #keyring: Keyring;
  #version: string;
  #looked: number;

  /** Throws DockerConfigError. */
  constructor(path: string, clock: Clock, onFault: (fault: DockerConfigError) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#onFault = onFault;
    this.#looked = clock.now();
    this.#version = versionOf(path);
    this.#keyring = keyringOf(readDockerConfigFile(path).entries);
  }

  credentialsFor(repository: Repository): readonly Credential[] {
    const now = this.#clock.now();
    if (now - this.#looked >= INTERVAL) {
      this.#looked = now;
      this.#refresh();
    }
    return this.#keyring.credentialsFor(repository);
  }

  // Synchronous on purpose: a small local file, rarely, and the very request that needs a new password gets it.
  #refresh(): void {
    try {
      const version = versionOf(this.#path);
      if (version === this.#version) return;
      this.#keyring = keyringOf(readDockerConfigFile(this.#path).entries);
      this.#version = version;
    } catch (error) {
      if (!(error instanceof DockerConfigError)) throw error;
      this.#onFault(error);
    }
  }
}

// A mounted Secret changes by a symbolic link that is swapped, so the file behind the path is another one.
function versionOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    throw new DockerConfigError("Unreadable", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
