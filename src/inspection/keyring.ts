import { canonicalHost, type Repository } from "../image/reference.ts";
import type { Credential } from "./credential.ts";

/** Credentials by the repositories that they are for, in the order in which they were given. */
export interface Keyring {
  /**
   * All that match, longest path first as the kubelet tries them; empty when none does. Throws UndeterminedError
   * (CredentialsUnavailable) when they could not be read.
   */
  credentialsFor(repository: Repository): readonly Credential[];
}

/** One entry of a docker config. */
export interface KeyringEntry {
  /** Its key, as it was written: `https://index.docker.io/v1/`, `*.example.com:5000`, `harbor.example.com/shop`. */
  readonly location: string;
  readonly credential: Credential;
}

export const EMPTY_KEYRING: Keyring = { credentialsFor: () => [] };

/**
 * A keyring that matches as the kubelet's does (k8s.io/kubernetes/pkg/credentialprovider, "URLsMatch"): hosts label by
 * label, where `*` stands for any part of one label; ports as written; paths as plain prefixes. Entries are tried in
 * the kubelet's order, their locations sorted backwards, so a longer path comes before a shorter one; equal locations
 * stay in the order in which they were given. One thing is simpler: each name of Docker Hub is `docker.io`.
 */
export function keyringOf(entries: readonly KeyringEntry[]): Keyring {
  const keys = entries
    .map(({ location, credential }) => ({ ...parseLocation(location), credential }))
    .toSorted((a, b) => compare(b.host + b.path, a.host + a.path));
  return {
    credentialsFor: (repository) => keys.filter((key) => matches(key, repository)).map(({ credential }) => credential),
  };
}

/** One keyring after another: the first one that matches goes first. */
export function combineKeyrings(keyrings: readonly Keyring[]): Keyring {
  return { credentialsFor: (repository) => keyrings.flatMap((keyring) => keyring.credentialsFor(repository)) };
}

/** A keyring whose credentials are for some repositories only. */
export function limitKeyring(keyring: Keyring, isGranted: (repository: Repository) => boolean): Keyring {
  return { credentialsFor: (repository) => (isGranted(repository) ? keyring.credentialsFor(repository) : []) };
}

interface Location {
  readonly host: string;
  /** With its first slash; empty for the whole host. */
  readonly path: string;
}

function parseLocation(location: string): Location {
  const bare = location.replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  const authority = slash < 0 ? bare : bare.slice(0, slash);
  const host = canonicalHost(authority.slice(authority.lastIndexOf("@") + 1));
  // The API versions of registries are no part of a repository's path ("/v1/" is how Docker Hub is written).
  const path = (slash < 0 ? "" : bare.slice(slash)).replace(/^\/v[12]\//, "/");
  return { host, path: path === "/" ? "" : path };
}

function matches(key: Location, repository: Repository): boolean {
  const [labels, port] = splitHost(key.host);
  const [targets, targetPort] = splitHost(repository.host);
  return (
    port === targetPort &&
    labels.length === targets.length &&
    `/${repository.path}`.startsWith(key.path) &&
    labels.every((label, i) => matchesLabel(label, targets[i] ?? ""))
  );
}

function splitHost(host: string): readonly [labels: readonly string[], port: string] {
  const colon = host.indexOf(":", host.lastIndexOf("]") + 1);
  const [name, port] = colon < 0 ? [host, ""] : [host.slice(0, colon), host.slice(colon)];
  return [name.split("."), port];
}

function matchesLabel(pattern: string, label: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return label === pattern;
  if (!label.startsWith(first) || !label.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = label.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= label.length;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
